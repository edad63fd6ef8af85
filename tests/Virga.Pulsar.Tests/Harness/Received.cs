using Virga.Pulsar.Protocol;

namespace Virga.Pulsar.Tests.Harness;

/// <summary>One frame from the broker: its command, and the entry behind it.</summary>
internal sealed record Received(BaseCommand Command, byte[] Entry);

using Virga.Streams.Windows;

namespace Virga.Streams.Tests.Windows;

internal sealed record Reading(long Time, string Key, long Sequence) : IWindowed;

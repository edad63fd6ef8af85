using System.Text.Json.Serialization;

namespace Virga.Bench.Kestrel;

/// <summary>The answer that every server under measurement gives.</summary>
internal sealed record Greeting([property: JsonPropertyName("hello")] string Hello);

using System.Text.Json;
using Virga.Core.Invocations;

namespace Virga.Telemetry.Usage;

/// <summary>The names of outcomes in files, metrics and the API.</summary>
internal static class OutcomeNames
{
    private static readonly JsonEncodedText[] Names =
    [
        .. Enum.GetValues<Outcome>().Select(static outcome => JsonEncodedText.Encode(JsonSerializer.Serialize(outcome).Trim('"'))),
    ];

    /// <summary>The name of an outcome.</summary>
    public static JsonEncodedText Of(Outcome outcome) => Names[(int)outcome];

    /// <summary>Reads what <see cref="Of"/> gives.</summary>
    public static bool TryParse(string name, out Outcome outcome)
    {
        var index = Array.FindIndex(Names, known => string.Equals(known.Value, name, StringComparison.Ordinal));
        outcome = (Outcome)index;
        return index >= 0;
    }
}

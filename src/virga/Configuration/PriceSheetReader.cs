using System.Globalization;
using Virga.Cli.Failures;
using Virga.Cli.Yaml;
using Virga.Telemetry.Metering;

namespace Virga.Configuration;

/// <summary>Reads the price sheet of the configuration file.</summary>
internal static class PriceSheetReader
{
    /// <summary>The key that it stands at.</summary>
    public const string Key = "prices";

    private const decimal MaxPrice = 1_000_000;

    /// <summary>Reads and validates it; a price that is not given is zero.</summary>
    /// <exception cref="UsageException">A key or value is wrong; the message names its line and what it takes.</exception>
    public static PriceSheet Read(YamlMapping prices)
    {
        prices.AllowOnly("currency", "perMillionCalls", "perSecond", "perCpuSecond", "perGbSecond", "perFrozenGbSecond", "perSnapshotGbHour", "perGbIn", "perGbOut");
        var currency = prices.RequiredText("currency");
        if (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper))
        {
            throw prices.WrongAt("currency", $"'{currency}' is no currency.", "Write its code of three capital letters, such as EUR.");
        }

        return new PriceSheet
        {
            Currency = currency,
            PerMillionCalls = Price("perMillionCalls"),
            PerSecond = Price("perSecond"),
            PerCpuSecond = Price("perCpuSecond"),
            PerGbSecond = Price("perGbSecond"),
            PerFrozenGbSecond = Price("perFrozenGbSecond"),
            PerSnapshotGbHour = Price("perSnapshotGbHour"),
            PerGbIn = Price("perGbIn"),
            PerGbOut = Price("perGbOut"),
        };

        decimal Price(string key) => prices.Value(key, $"a price from 0 to {MaxPrice:0}, such as 0.20", Parse) ?? 0;
    }

    private static decimal? Parse(string text) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var price) && price is >= 0 and <= MaxPrice ? price : null;
}

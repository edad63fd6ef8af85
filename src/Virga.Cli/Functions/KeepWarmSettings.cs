using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>What a user said about how long instances stay in each tier; what was left unsaid is null.</summary>
internal sealed record KeepWarmSettings(Duration? Idle = null, Duration? Frozen = null, Duration? Snapshot = null)
{
    /// <summary>What can be written, for messages.</summary>
    public const string Form = "a duration such as 2m, or idle=2m,frozen=1h,snapshot=7d or a part of that";

    /// <summary>Reads <c>2m</c>, which is that of <c>idle</c>, and <c>idle=2m,frozen=1h,snapshot=7d</c>.</summary>
    public static KeepWarmSettings? Parse(string text)
    {
        if (Duration.TryParse(text, out var idle))
        {
            return new KeepWarmSettings(Idle: idle);
        }

        var settings = new KeepWarmSettings();
        foreach (var part in text.Split(','))
        {
            if (part.Split('=') is not [var tier, var value] || !Duration.TryParse(value, out var duration) || settings.With(tier.Trim(), duration) is not { } next)
            {
                return null;
            }

            settings = next;
        }

        return settings;
    }

    /// <summary>What was said, on top of <paramref name="current"/>.</summary>
    public KeepWarm Over(KeepWarm current) => new() { Idle = Idle ?? current.Idle, Frozen = Frozen ?? current.Frozen, Snapshot = Snapshot ?? current.Snapshot };

    // A tier that stands twice is a slip, like one that does not exist.
    private KeepWarmSettings? With(string tier, Duration duration) => tier switch
    {
        "idle" when Idle is null => this with { Idle = duration },
        "frozen" when Frozen is null => this with { Frozen = duration },
        "snapshot" when Snapshot is null => this with { Snapshot = duration },
        _ => null,
    };
}

using Virga.Core.Resources;

namespace Virga.Cli.Functions;

/// <summary>The words by which settings of a function are named on the command line and in <c>virga.yaml</c>.</summary>
internal static class SettingTexts
{
    public static Isolation? Isolation(string? text) => text switch
    {
        "process" => Core.Resources.Isolation.Process,
        "bubblewrap" => Core.Resources.Isolation.Bubblewrap,
        "gvisor" => Core.Resources.Isolation.Gvisor,
        _ => null,
    };

    public static Executor? Executor(string? text) => text switch
    {
        "pool" => Core.Resources.Executor.Pool,
        "dedicated" => Core.Resources.Executor.Dedicated,
        _ => null,
    };

    // true and false are from before there were policies.
    public static EgressPolicy? Egress(string? text) => text switch
    {
        "none" or "false" => EgressPolicy.None,
        "internet" or "true" => EgressPolicy.Internet,
        _ => null,
    };

    public static RequestBodyMode? RequestBody(string? text) => text switch
    {
        "buffered" => RequestBodyMode.Buffered,
        "stream" => RequestBodyMode.Stream,
        _ => null,
    };

    /// <summary>The levels of consistency, for people.</summary>
    public const string ConsistencyNames = "lww, repeatable-read, single-key, multi-key or causal";

    public static Consistency? Consistency(string? text) => text switch
    {
        "lww" => Core.Resources.Consistency.Lww,
        "repeatable-read" => Core.Resources.Consistency.RepeatableRead,
        "single-key" => Core.Resources.Consistency.SingleKey,
        "multi-key" => Core.Resources.Consistency.MultiKey,
        "causal" => Core.Resources.Consistency.Causal,
        _ => null,
    };

    /// <summary>A sticky key, or <c>none</c>; null for anything else.</summary>
    public static string? Sticky(string text) => text == FunctionSettings.NotSticky ? text : StickyKey.TryParse(text, out var key) ? key.ToString() : null;

    /// <summary>A share above 0 and at most 1.</summary>
    public static double? Share(string text) =>
        double.TryParse(text, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var share) && share is > 0 and <= 1 ? share : null;
}

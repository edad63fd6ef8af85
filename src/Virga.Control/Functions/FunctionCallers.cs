using Virga.Control.Metadata;
using Virga.Control.Routes;
using Virga.Core.Routing;
using Virga.Core.Streams;
using Virga.Core.Triggers;

namespace Virga.Control.Functions;

/// <summary>What calls a function.</summary>
/// <param name="Routes">Its routes.</param>
/// <param name="Triggers">The triggers that call it.</param>
/// <param name="Streams">The stream functions that are made of it.</param>
internal sealed record FunctionCallers(IReadOnlyList<Route> Routes, IReadOnlyList<TriggerName> Triggers, IReadOnlyList<StreamName> Streams)
{
    // A message is to be read by people: of many of a kind it names the first.
    private const int MaxNamed = 5;

    public bool IsNone => Routes.Count + Triggers.Count + Streams.Count == 0;

    public IEnumerable<ResourceKey> Keys =>
    [
        .. Routes.Select(RouteService.KeyOf),
        .. Triggers.Select(static trigger => new ResourceKey(ResourceKind.Trigger, trigger.Scope, trigger.Name.Value)),
        .. Streams.Select(static stream => new ResourceKey(ResourceKind.Stream, stream.Scope, stream.Name.Value)),
    ];

    /// <summary>Names them, as in <c>the route 'a' and the triggers 'b', 'c'</c>.</summary>
    public override string ToString()
    {
        string[] kinds =
        [
            .. Named("route", Routes.Select(static route => route.Name.Value)),
            .. Named("trigger", Triggers.Select(static trigger => trigger.Name.Value)),
            .. Named("stream function", Streams.Select(static stream => stream.Name.Value)),
        ];
        return kinds.Length < 2 ? string.Concat(kinds) : $"{string.Join(", ", kinds[..^1])} and {kinds[^1]}";
    }

    private static IEnumerable<string> Named(string kind, IEnumerable<string> names)
    {
        string[] sorted = [.. names.Order(StringComparer.Ordinal)];
        if (sorted.Length > 0)
        {
            var more = sorted.Length > MaxNamed ? $" and {sorted.Length - MaxNamed} more" : "";
            yield return $"the {kind}{(sorted.Length == 1 ? "" : "s")} {string.Join(", ", sorted.Take(MaxNamed).Select(static name => $"'{name}'"))}{more}";
        }
    }
}

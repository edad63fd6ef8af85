namespace Virga.Execution.Scaling;

/// <summary>How many instances of a function are promised at an instant: the most that any open window asks for.</summary>
internal sealed class ProvisionedFloor(IReadOnlyList<FloorWindow> windows)
{
    // Windows may overlap for ever, such as one of two hours that opens hourly; nobody needs to know beyond this.
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(366);
    private const int MostEdges = 1000;

    /// <summary>Instances promised at an instant.</summary>
    public int At(DateTimeOffset instant)
    {
        var floor = 0;
        foreach (var window in windows)
        {
            if (window.Instances > floor && window.IsOpen(instant))
            {
                floor = window.Instances;
            }
        }

        return floor;
    }

    /// <summary>The first instant after this one at which the promise is another; null when none is in sight.</summary>
    public DateTimeOffset? NextChange(DateTimeOffset instant)
    {
        var floor = At(instant);
        var at = instant;
        for (var edges = 0; edges < MostEdges; edges++)
        {
            if (NextEdge(at) is not { } next || next - instant > Horizon)
            {
                return null;
            }

            if (At(next) != floor)
            {
                return next;
            }

            at = next;
        }

        return null;
    }

    private DateTimeOffset? NextEdge(DateTimeOffset instant)
    {
        DateTimeOffset? first = null;
        foreach (var window in windows)
        {
            if (window.NextEdge(instant) is { } edge && (first is null || edge < first))
            {
                first = edge;
            }
        }

        return first;
    }
}

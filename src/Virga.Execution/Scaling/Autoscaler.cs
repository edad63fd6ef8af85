namespace Virga.Execution.Scaling;

/// <summary>
/// How many instances of a function are kept warm: a pure policy in the shape of Knative's pod autoscaler (KPA). The need is the mean
/// concurrency over the stable window, divided by what an instance is meant to carry. When the mean over the short panic window is
/// more than the instances can bear, that one counts, and nothing is taken away until it has been calm for a stable window.
/// </summary>
internal static class Autoscaler
{
    // Of a mean that is a whole multiple of the target but for rounding.
    private const double Rounding = 1e-9;

    /// <summary>What is wanted now, given what was seen and what the last decision left behind.</summary>
    public static ScaleDecision Decide(in ScaleObservation seen, AutoscalerSettings settings, AutoscalerState state)
    {
        var current = seen.Ready + seen.Starting;
        var capacity = seen.CallsPerInstance * seen.TargetUtilisation;
        var stable = InstancesFor(seen.StableAverage, capacity);
        var panicking = InstancesFor(seen.PanicAverage, capacity);

        // A mean over less than the panic window is a guess. Calls that wait start instances without it (see ScaleOut).
        var known = seen.Age >= settings.PanicWindow;
        var panicSince = PanicSince(seen, settings, state, known && seen.PanicAverage >= settings.PanicThreshold * capacity * Math.Max(1, current));

        var wanted = known ? stable : Math.Min(stable, current);
        if (panicSince is not null)
        {
            wanted = Math.Max(Math.Max(wanted, panicking), Math.Max(current, state.PanicPeak));
        }
        else if (seen.Concurrency > 0)
        {
            wanted = Math.Max(wanted, 1);
        }
        else if (stable <= 1 && seen.SinceLastCall >= settings.ScaleToZeroGrace)
        {
            wanted = 0;
        }
        else
        {
            // The last one stays for the grace time, but none is started for calls that are over.
            wanted = Math.Min(Math.Max(wanted, 1), Math.Max(current, stable));
        }

        var (desired, reason) = Bound(wanted, current, panicSince is not null, seen, settings);
        return new ScaleDecision(desired, reason, panicSince is null ? default : new AutoscalerState(panicSince, wanted));
    }

    private static int InstancesFor(double concurrency, double capacity) => (int)Math.Min(int.MaxValue, Math.Ceiling((concurrency / capacity) - Rounding));

    private static TimeSpan? PanicSince(in ScaleObservation seen, AutoscalerSettings settings, AutoscalerState state, bool overThreshold)
    {
        if (overThreshold)
        {
            return seen.Age;
        }

        return state.PanicSince is { } since && seen.Age - since < settings.StableWindow ? since : null;
    }

    private static (int Desired, ScaleReason Reason) Bound(int wanted, int current, bool panic, in ScaleObservation seen, AutoscalerSettings settings)
    {
        // From nothing, the first step is as wide as from one.
        var highest = (int)Math.Min(int.MaxValue, Math.Ceiling(Math.Max(1, current) * settings.MaxScaleUpRate));
        var lowest = (int)(current / settings.MaxScaleDownRate);
        var paced = wanted == 0 ? 0 : Math.Clamp(wanted, lowest, highest);

        // Promised instances are not paced: a provisioned window begins on time.
        var floor = Math.Min(Math.Max(seen.Min, seen.Floor), seen.Max);
        var desired = Math.Clamp(paced, floor, seen.Max);
        var reason = desired switch
        {
            _ when desired > paced => ScaleReason.Floor,
            _ when desired != wanted => ScaleReason.Limited,
            _ when panic => ScaleReason.Panic,
            0 when current > 0 => ScaleReason.Idle,
            _ when desired > current => ScaleReason.ScaledUp,
            _ when desired < current => ScaleReason.ScaledDown,
            _ => ScaleReason.Steady,
        };
        return (desired, reason);
    }
}

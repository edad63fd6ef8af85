using Virga.Control.Routes;
using Virga.Control.Streams;
using Virga.Control.Triggers;
using Virga.Core.Names;

namespace Virga.Control.Functions;

/// <summary>The routes, triggers and stream functions that call functions. Used only by those who have the turn to change: nothing comes or goes between the answer and what is made of it.</summary>
internal sealed class CallerSearch(RouteTraffic routes, TriggerCatalog triggers, StreamCatalog streams)
{
    /// <summary>Whatever calls a function, in whichever version.</summary>
    public FunctionCallers Of(FunctionName function)
    {
        var scope = new Scope(function.Tenant, function.Namespace);
        return new FunctionCallers(
            routes.UsersOf(function),
            [.. triggers.All.Where(trigger => trigger.Name.Scope == scope && Calls(trigger.Spec.Function, function.Name)).Select(static trigger => trigger.Name)],
            [.. streams.All.Where(stream => stream.Name.Scope == scope && Calls(stream.Spec.Function, function.Name)).Select(static stream => stream.Name)]);
    }

    /// <summary>Whatever calls a function by one of its aliases.</summary>
    public FunctionCallers Of(FunctionName function, string alias)
    {
        var scope = new Scope(function.Tenant, function.Namespace);
        return new FunctionCallers(
            [.. routes.UsersOf(function).Where(route => route.Qualifier == alias)],
            [.. triggers.All.Where(trigger => trigger.Name.Scope == scope && Calls(trigger.Spec.Function, function.Name, alias)).Select(static trigger => trigger.Name)],
            [.. streams.All.Where(stream => stream.Name.Scope == scope && Calls(stream.Spec.Function, function.Name, alias)).Select(static stream => stream.Name)]);
    }

    /// <summary>Takes them out of force, after they were deleted.</summary>
    public void Remove(FunctionCallers callers)
    {
        foreach (var route in callers.Routes)
        {
            routes.Remove(route);
        }

        foreach (var trigger in callers.Triggers)
        {
            triggers.Remove(trigger);
        }

        foreach (var stream in callers.Streams)
        {
            streams.Remove(stream);
        }
    }

    private static bool Calls(string spec, ResourceName function) => FunctionReference.TryParse(spec, out var reference) && reference.Name == function;

    private static bool Calls(string spec, ResourceName function, string alias) =>
        FunctionReference.TryParse(spec, out var reference) && reference.Name == function && reference.Qualifier == alias;
}

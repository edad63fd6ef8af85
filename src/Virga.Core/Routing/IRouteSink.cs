namespace Virga.Core.Routing;

/// <summary>Takes every route that is in force, and every change of it, before the change is acknowledged to its author.</summary>
public interface IRouteSink
{
    /// <summary>Adds a route, or replaces the one of the same tenant, namespace and name.</summary>
    void Put(Route route);

    /// <summary>Takes a route out; unknown ones are ignored.</summary>
    void Remove(Route route);
}

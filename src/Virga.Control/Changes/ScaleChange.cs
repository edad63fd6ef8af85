using Virga.Core.Invocations;
using Virga.Core.Names;

namespace Virga.Control.Changes;

/// <summary>An entry of the change feed that says that a function's instances became more or fewer. It is not stored and has no sequence number.</summary>
/// <param name="Time">When.</param>
/// <param name="Kind"><c>scale</c>.</param>
/// <param name="Tenant">Whose function.</param>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Name">Its name.</param>
/// <param name="Version">Which version of it.</param>
/// <param name="From">Instances wanted before.</param>
/// <param name="To">Instances wanted from now on.</param>
/// <param name="Reason">Why, as one word.</param>
public sealed record ScaleChange(DateTimeOffset Time, string Kind, ResourceName Tenant, ResourceName Namespace, ResourceName Name, int Version, int From, int To, string Reason)
{
    /// <summary>The kind of these entries.</summary>
    public const string KindName = "scale";

    internal static ScaleChange Of(ScaleEvent change)
    {
        var name = change.Function.Name;
        return new ScaleChange(change.Time, KindName, name.Tenant, name.Namespace, name.Name, change.Function.Version, change.From, change.To, change.Reason);
    }
}

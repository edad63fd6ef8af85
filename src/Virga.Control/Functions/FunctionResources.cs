global using FunctionResource = Virga.Control.ResourceDocument<Virga.Core.Resources.FunctionSpec, Virga.Control.Functions.FunctionStatus>;

using Virga.Control.Metadata;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Control.Functions;

/// <summary>Functions between the store and the API.</summary>
internal static class FunctionResources
{
    public static ResourceKey KeyOf(FunctionName name) => new(ResourceKind.Function, new Scope(name.Tenant, name.Namespace), name.Name.Value);

    public static FunctionName NameOf(ResourceKey key) => new(key.Scope.Tenant, key.Scope.Namespace, ResourceName.Parse(key.Name));

    public static FunctionStatus StatusOf(StoredResource stored) => ControlJson.Deserialize<FunctionStatus>(stored.State);

    public static FunctionSpec SpecOf(StoredResource stored) => ControlJson.Deserialize<FunctionSpec>(stored.Spec);

    public static FunctionResource Show(StoredResource stored) => FunctionResource.From(stored, StatusOf(stored));
}

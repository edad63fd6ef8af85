using Virga.Core.Names;

namespace Virga.Core.Resources;

/// <summary>Finds environments for those who run functions.</summary>
public interface IEnvironmentCatalog
{
    /// <summary>The environment that a function of this tenant and namespace means by a name: its namespace's own first, then a built-in one. Null when there is none. Equal specs are the same object until they change.</summary>
    EnvironmentSpec? Find(ResourceName tenant, ResourceName @namespace, string name);
}

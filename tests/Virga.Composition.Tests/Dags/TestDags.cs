using System.Text.Json;
using Virga.Core.Dags;
using Virga.Core.Names;
using Virga.Core.Resources;

namespace Virga.Composition.Tests.Dags;

/// <summary>DAGs in memory, written as JSON.</summary>
internal sealed class TestDags : IDagCatalog
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly Dictionary<DagName, Dag> _dags = [];

    public IReadOnlyCollection<Dag> All => _dags.Values;

    public Dag? Find(DagName name) => _dags.GetValueOrDefault(name);

    public static DagName Name(string name) => new(Scope.Default, ResourceName.Parse(name));

    public Dag Add(string name, string spec) => Add(name, JsonSerializer.Deserialize<DagSpec>(spec, Json)!);

    public Dag Add(string name, DagSpec spec) => _dags[Name(name)] = new Dag(Name(name), 1, spec, DagRules.Bind(spec));

    public void Remove(string name) => _dags.Remove(Name(name));
}

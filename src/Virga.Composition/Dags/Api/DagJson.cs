using System.Text.Json.Serialization;

namespace Virga.Composition.Dags.Api;

/// <summary>The JSON of runs.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(DagRunDocument))]
[JsonSerializable(typeof(DagRunList))]
internal sealed partial class DagJson : JsonSerializerContext;

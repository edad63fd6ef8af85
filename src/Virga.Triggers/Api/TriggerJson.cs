using System.Text.Json;
using System.Text.Json.Serialization;
using Virga.Triggers.Runs;

namespace Virga.Triggers.Api;

/// <summary>How figures look as JSON, to users and between nodes.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TriggerStats))]
[JsonSerializable(typeof(TriggerFigures))]
internal sealed partial class TriggerJson : JsonSerializerContext;

using System.Text.Json;
using System.Text.Json.Nodes;
using Virga.Core.Resources;

namespace Virga.Cli.Triggers;

/// <summary>A trigger's settings as text and as JSON.</summary>
internal static class TriggerText
{
    public const string Types = "shared, key_shared, failover or exclusive";
    public const string Starts = "latest or earliest";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A spec as the node shows it.</summary>
    public static JsonObject ToJson(TriggerSpec spec) => JsonSerializer.SerializeToNode(spec, Json)!.AsObject();

    public static TopicSharing? Type(string text) => text switch
    {
        "shared" => TopicSharing.Shared,
        "key_shared" => TopicSharing.KeyShared,
        "failover" => TopicSharing.Failover,
        "exclusive" => TopicSharing.Exclusive,
        _ => null,
    };

    public static TopicStart? Start(string text) => text switch
    {
        "latest" => TopicStart.Latest,
        "earliest" => TopicStart.Earliest,
        _ => null,
    };
}

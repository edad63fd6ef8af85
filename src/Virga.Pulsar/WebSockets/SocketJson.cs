using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Virga.Pulsar.WebSockets;

/// <summary>How messages of sockets are written.</summary>
[JsonSerializable(typeof(JsonNode))]
internal sealed partial class SocketJson : JsonSerializerContext;

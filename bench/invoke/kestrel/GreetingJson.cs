using System.Text.Json.Serialization;

namespace Virga.Bench.Kestrel;

[JsonSerializable(typeof(Greeting))]
internal sealed partial class GreetingJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using Virga.Topics.Policies;

namespace Virga.Pulsar.Admin;

/// <summary>How single values of the admin API are written.</summary>
[JsonSerializable(typeof(BacklogAction))]
internal sealed partial class AdminJson : JsonSerializerContext;

using System.Text.Json.Serialization;
using Virga.Topics.Compaction;

namespace Virga.Topics.Administration;

/// <summary>How single values of <see cref="StatsDocument"/> are written.</summary>
[JsonSerializable(typeof(CompactionState))]
internal sealed partial class StatsJson : JsonSerializerContext;

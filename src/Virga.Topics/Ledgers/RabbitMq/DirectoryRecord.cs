using System.Text.Json.Serialization;

namespace Virga.Topics.Ledgers.RabbitMq;

/// <summary>What is known of a ledger besides its stream.</summary>
/// <param name="Epoch">The greatest epoch that has opened, fenced or closed it.</param>
/// <param name="LastEntry">Its last entry when it is closed; else null.</param>
/// <param name="Bytes">The bytes of its entries when it is closed.</param>
internal sealed record DirectoryRecord(long Epoch, long? LastEntry = null, long Bytes = 0)
{
    /// <summary>Where it ends; null when it is open.</summary>
    [JsonIgnore]
    public LedgerEnd? End => LastEntry is { } last ? new LedgerEnd(last, Bytes) : null;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DirectoryRecord))]
internal sealed partial class DirectoryJson : JsonSerializerContext;

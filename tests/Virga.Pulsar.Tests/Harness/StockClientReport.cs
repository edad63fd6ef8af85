namespace Virga.Pulsar.Tests.Harness;

/// <summary>What a stock client saw of one subscription.</summary>
/// <param name="Type">The subscription's type.</param>
/// <param name="IsLate">Whether something did not come in time.</param>
/// <param name="Got">The messages of each consumer, in the order in which it acknowledged them.</param>
/// <param name="Again">Messages that were delivered again.</param>
internal sealed record StockClientReport(string Type, bool IsLate, IReadOnlyList<IReadOnlyList<string>> Got, IReadOnlyList<string> Again);

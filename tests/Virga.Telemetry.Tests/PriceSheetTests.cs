using Virga.Telemetry.Metering;

namespace Virga.Telemetry.Tests;

public sealed class PriceSheetTests
{
    private const decimal Gigabyte = 1L << 30;

    [Fact]
    public void A_cost_is_the_sum_of_all_that_has_a_price()
    {
        var prices = new PriceSheet
        {
            Currency = "EUR",
            PerMillionCalls = 0.20m,
            PerSecond = 0.001m,
            PerCpuSecond = 0.01m,
            PerGbSecond = 0.0000166667m,
            PerFrozenGbSecond = 0.000001m,
            PerSnapshotGbHour = 0.0001m,
            PerGbIn = 0.02m,
            PerGbOut = 0.09m,
        };
        var usage = new UsageAmounts
        {
            Ok = 2_000_000,
            Errors = 500_000,
            Rejected = 7_000_000,
            DurationMs = 3_000,
            CpuMicroseconds = 2_000_000,
            BytesIn = 1L << 29,
            BytesOut = 2L << 30,
            WarmByteSeconds = 3 * Gigabyte,
            FrozenByteSeconds = 4 * Gigabyte,
            SnapshotByteSeconds = 7200 * Gigabyte,
        };

        prices.CostOf(usage).ShouldBe(0.5m + 0.003m + 0.02m + 0.0000500001m + 0.000004m + 0.0002m + 0.01m + 0.18m);
    }

    [Fact]
    public void What_is_rejected_is_free() =>
        new PriceSheet { Currency = "EUR", PerMillionCalls = 1 }.CostOf(new UsageAmounts { Rejected = 1_000_000 }).ShouldBe(0);
}

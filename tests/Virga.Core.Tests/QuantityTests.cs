using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Resources;

namespace Virga.Core.Tests;

public sealed class QuantityTests
{
    [Theory]
    [InlineData("128MB", 128L << 20)]
    [InlineData("128MiB", 128L << 20)]
    [InlineData("1.5 GB", 3L << 29)]
    [InlineData("512k", 512L << 10)]
    [InlineData("1000", 1000)]
    [InlineData("7B", 7)]
    [InlineData("0", 0)]
    public void A_size_is_read_with_its_unit(string text, long bytes)
    {
        ByteSize.TryParse(text, out var size).ShouldBeTrue();
        size.Bytes.ShouldBe(bytes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("MB")]
    [InlineData("-1MB")]
    [InlineData("1e9")]
    [InlineData("12 apples")]
    [InlineData("99999999999999GB")]
    public void What_is_no_size_is_refused(string? text) => ByteSize.TryParse(text, out _).ShouldBeFalse();

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("30s", 30_000)]
    [InlineData("30", 30_000)]
    [InlineData("1.5h", 5_400_000)]
    [InlineData("7d", 604_800_000)]
    public void A_duration_is_read_with_its_unit(string text, long milliseconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeTrue();
        duration.Span.TotalMilliseconds.ShouldBe(milliseconds);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-3s")]
    [InlineData("soon")]
    [InlineData("99999999d")]
    public void What_is_no_duration_is_refused(string? text) => Duration.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Sizes_and_durations_survive_their_text_form() => Prop.ForAll<PositiveInt>(number =>
    {
        var size = new ByteSize(number.Get);
        var duration = new Duration(TimeSpan.FromMilliseconds(number.Get));
        return ByteSize.TryParse(size.ToString(), out var readSize) && readSize == size && Duration.TryParse(duration.ToString(), out var readDuration) && readDuration == duration;
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void JSON_takes_numbers_as_bytes_and_seconds()
    {
        JsonSerializer.Deserialize<ByteSize>("1048576").ToString().ShouldBe("1MB");
        JsonSerializer.Deserialize<Duration>("90").ToString().ShouldBe("90s");
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<Duration>("\"soon\"")).Message.ShouldContain("30s");
    }
}

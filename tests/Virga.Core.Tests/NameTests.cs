using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Virga.Core.Names;

namespace Virga.Core.Tests;

public sealed class NameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("hello-2")]
    [InlineData("0")]
    public void A_name_of_letters_digits_and_hyphens_is_valid(string text) => ResourceName.Parse(text).Value.ShouldBe(text);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("Hello")]
    [InlineData("a.b")]
    [InlineData("../etc/passwd")]
    [InlineData("a/b")]
    [InlineData("名前")]
    [InlineData("a b")]
    [InlineData("a\n")]
    public void Anything_else_is_not(string? text) => ResourceName.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void A_name_has_at_most_63_characters()
    {
        ResourceName.TryParse(new string('a', 63), out _).ShouldBeTrue();
        ResourceName.TryParse(new string('a', 64), out _).ShouldBeFalse();
        Should.Throw<FormatException>(() => ResourceName.Parse(new string('a', 300))).Message.Length.ShouldBeLessThan(250);
    }

    [Fact]
    public void Every_valid_name_is_safe_as_a_file_name() => Prop.ForAll<string>(text =>
        !ResourceName.TryParse(text, out var name) || (name.Value is not ("." or "..") && name.Value.IndexOfAny(Path.GetInvalidFileNameChars()) < 0)).QuickCheckThrowOnFailure();

    [Fact]
    public void A_wrong_name_in_JSON_says_what_a_name_is() =>
        Should.Throw<JsonException>(() => JsonSerializer.Deserialize<ResourceName>("\"Not A Name\"")).Message.ShouldContain("63");

    [Fact]
    public void Invocation_ids_survive_their_text_form_and_sort_by_time()
    {
        var early = InvocationId.New(new FixedTime(1_000));
        var late = InvocationId.New(new FixedTime(2_000));

        InvocationId.TryParse(early.ToString(), out var read).ShouldBeTrue();
        read.ShouldBe(early);
        read.UnixMilliseconds.ShouldBe(1_000);
        string.CompareOrdinal(early.ToString(), late.ToString()).ShouldBeLessThan(0);
    }

    [Fact]
    public void Ten_thousand_ids_of_one_moment_differ()
    {
        var time = new FixedTime(5);

        Enumerable.Range(0, 10_000).Select(_ => InvocationId.New(time)).Distinct().Count().ShouldBe(10_000);
    }

    [Theory]
    [InlineData("")]
    [InlineData("01JD3T")]
    [InlineData("01M7YMPYQDEQJ67Y09B0SJG39!")]
    [InlineData("01M7YMPYQDEQJ67Y09B0SJG39NN")]
    public void What_is_no_id_is_not_read(string text) => InvocationId.TryParse(text, out _).ShouldBeFalse();

    private sealed class FixedTime(long milliseconds) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}

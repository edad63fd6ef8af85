using System.Globalization;
using System.Text;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.Core.Topics;
using Virga.Topics.Functions;
using Virga.Topics.Messages;
using Virga.Triggers.Tests.Runs;

namespace Virga.Triggers.Tests.Publishing;

/// <summary>What functions publish, in a real topic.</summary>
public sealed class FunctionPublishingTests : IAsyncLifetime
{
    private static readonly FunctionName Function = new(ResourceName.Default, ResourceName.Default, ResourceName.Parse("publisher"));

    private TriggerWorld _world = null!;
    private FunctionPublishing _publishing = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await TriggerWorld.StartAsync();
        _publishing = new FunctionPublishing(_world.Topics, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _publishing.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_are_in_the_order_in_which_they_were_published_from_the_first_on(bool numbered)
    {
        var publishing = Enumerable.Range(0, 200).Select(n => PublishAsync(n.ToString(CultureInfo.InvariantCulture), sequence: numbered ? n : null)).ToList();
        await Task.WhenAll(publishing);

        var messages = await _world.ReadAsync("orders", 200);
        messages.Select(static message => int.Parse(Encoding.UTF8.GetString(message.Payload.Span), CultureInfo.InvariantCulture)).ShouldBe(Enumerable.Range(0, 200));
        if (numbered)
        {
            messages.ShouldAllBe(static message => message.Producer == "function publisher");
            messages.Select(static message => message.SequenceId).ShouldBe(Enumerable.Range(0, 200).Select(static n => (long)n));
        }
    }

    [Theory]
    [InlineData("""{"a":1}""", MessageContent.Json, null)]
    [InlineData("hello", MessageContent.Text, null)]
    [InlineData("12", MessageContent.Text, MessageContent.Text)]
    [InlineData("hello", MessageContent.Bytes, MessageContent.Bytes)]
    public async Task What_a_payload_is_is_said_only_where_it_would_not_be_seen(string payload, string type, string? said)
    {
        await PublishAsync(payload, type);

        var message = (await _world.ReadAsync("orders", 1)).Single();
        message.Properties.ShouldBe(said is null ? [] : [new KeyValuePair<string, string>("content-type", said)]);
        MessageContent.TypeOf(message.Properties, message.Payload.Span).ShouldBe(type);
    }

    [Theory]
    [InlineData("persistent://default/other/t", "out-of-scope")]
    [InlineData("persistent://other/default/t", "out-of-scope")]
    [InlineData("a b", "invalid-request")]
    public async Task Topics_of_other_namespaces_are_out_of_reach(string topic, string slug) =>
        (await Should.ThrowAsync<ProblemException>(() => PublishAsync("1", topic: topic))).Problem.Slug.ShouldBe(slug);

    private async Task<string> PublishAsync(string payload, string type = MessageContent.Json, string topic = "orders", long? sequence = null) => await _publishing.PublishAsync(
        Function, new FunctionPublication { Topic = topic, Payload = Encoding.UTF8.GetBytes(payload), ContentType = type, SequenceId = sequence }, TriggerWorld.Cancellation);
}

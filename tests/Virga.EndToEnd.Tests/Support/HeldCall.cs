using System.Net;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>A call that is in flight until the test lets it end: its function waits for the end of the request's body.</summary>
public sealed class HeldCall : IDisposable
{
    private readonly TaskCompletionSource _release;
    private readonly HttpResponseMessage _response;

    private HeldCall(TaskCompletionSource release, HttpResponseMessage response)
    {
        _release = release;
        _response = response;
    }

    /// <summary>Settings of the function.</summary>
    public static object Settings { get; } = new { requestBody = "stream", concurrency = 4 };

    /// <summary>A function that answers with <paramref name="text"/> when it is released.</summary>
    public static Source Function(string text) => Source.JavaScript(
        $$"""
        export default (event) => ({ headers: { 'content-type': 'text/plain' }, body: held(event) });
        async function* held(event) {
          yield 'begun, ';
          for await (const piece of event.stream);
          yield '{{text}}';
        }
        """);

    /// <summary>Calls a function and waits until its answer has begun.</summary>
    public static async Task<HeldCall> BeginAsync(VirgaNode node, string path)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        // Only HTTP/2 lets an answer begin before its request has ended.
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new HeldContent(release.Task),
        };
        var response = await node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(200);
        return new HeldCall(release, response);
    }

    /// <summary>Lets the call end and gives its whole answer.</summary>
    public Task<string> EndAsync()
    {
        _release.SetResult();
        return _response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _release.TrySetResult();
        _response.Dispose();
    }

    private sealed class HeldContent(Task release) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync(TestContext.Current.CancellationToken);
            await release;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}

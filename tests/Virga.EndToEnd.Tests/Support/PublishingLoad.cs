using System.Text;

namespace Virga.EndToEnd.Tests.Support;

/// <summary>Publishes one message after another on a node, each again until it is acknowledged, and remembers which were.</summary>
public sealed class PublishingLoad
{
    private readonly VirgaNode _node;
    private readonly string _topic;
    private readonly string _name;
    private readonly bool _isNumbered;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _acknowledged = [];
    private readonly List<string> _refusals = [];

    private PublishingLoad(VirgaNode node, string topic, string name, bool isNumbered) => (_node, _topic, _name, _isNumbered) = (node, topic, name, isNumbered);

    /// <summary>What was acknowledged so far, in order.</summary>
    public IReadOnlyList<string> Acknowledged
    {
        get
        {
            lock (_lock)
            {
                return [.. _acknowledged];
            }
        }
    }

    /// <summary>What was answered instead of an acknowledgement.</summary>
    public IReadOnlyList<string> Refusals
    {
        get
        {
            lock (_lock)
            {
                return [.. _refusals];
            }
        }
    }

    private Task Running { get; set; } = Task.CompletedTask;

    /// <summary>Begins.</summary>
    /// <param name="node">Where; it lives as long as the load does.</param>
    /// <param name="topic">The topic.</param>
    /// <param name="name">With what messages begin.</param>
    /// <param name="isNumbered">Whether messages have a producer and numbers, so that the topic drops those that come twice.</param>
    public static PublishingLoad Start(VirgaNode node, string topic, string name, bool isNumbered = false)
    {
        var load = new PublishingLoad(node, topic, name, isNumbered);
        load.Running = Task.Run(load.RunAsync, CancellationToken.None);
        return load;
    }

    /// <summary>Lets the message that is on its way be acknowledged, and ends.</summary>
    public async Task<IReadOnlyList<string>> StopAsync()
    {
        await _stop.CancelAsync();
        await Running;
        return Acknowledged;
    }

    private async Task RunAsync()
    {
        for (var n = 0; !_stop.IsCancellationRequested; n++)
        {
            var answer = await PublishAsync(n);
            while (answer.Status != 200)
            {
                lock (_lock)
                {
                    _refusals.Add(answer.Body);
                }

                answer = await PublishAsync(n);
            }

            lock (_lock)
            {
                _acknowledged.Add($"{_name}-{n}");
            }
        }
    }

    private async Task<Answer> PublishAsync(int n)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_node.Admin, $"/api/v1/topics/{_topic}/messages"))
        {
            Content = new StringContent($"{_name}-{n}", Encoding.UTF8, "text/plain"),
        };
        request.Headers.Add("Virga-Key", $"{_name}-{n % 7}");
        if (_isNumbered)
        {
            request.Headers.Add("Virga-Producer", _name);
            request.Headers.Add("Virga-Sequence-Id", $"{n}");
        }

        using var response = await _node.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await Answer.ReadAsync(response);
    }
}

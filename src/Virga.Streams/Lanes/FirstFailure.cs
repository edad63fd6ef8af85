namespace Virga.Streams.Lanes;

/// <summary>Waits for tasks that belong together.</summary>
internal static class FirstFailure
{
    /// <summary>Completes with all of them, or as soon as one fails, with its failure; whoever waits then cancels the others.</summary>
    public static async Task OfAsync(IReadOnlyCollection<Task> tasks)
    {
        var left = new HashSet<Task>(tasks);
        while (left.Count > 0)
        {
            var ended = await Task.WhenAny(left);
            left.Remove(ended);
            await ended;
        }
    }
}

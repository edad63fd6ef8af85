namespace Virga.State.Tests.Api;

/// <summary>Waits for what has no event.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>Asks until it holds; fails when that takes too long.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(Limit);
            await Task.Yield();
        }
    }
}

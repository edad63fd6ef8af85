using System.Reflection;
using Virga.Functions;
using Virga.Worker.Native;

namespace Virga.Worker.Instance;

/// <summary>What makes the clones of one snapshot differ: see docs/worker-protocol.md, "Snapshots".</summary>
internal static class Clone
{
    // <c>Random.Shared</c> keeps a generator per thread and makes a new one, with a seed from the kernel, where there is none. There is
    // no other way to give it a new seed; where the field has another name one day, the test of this tells.
    private static readonly FieldInfo? SharedGenerator = typeof(Random)
        .GetNestedType("ThreadSafeRandom", BindingFlags.NonPublic)?
        .GetField("t_random", BindingFlags.NonPublic | BindingFlags.Static);

    /// <summary>Gives random numbers new seeds, then runs the user's hooks. <c>Guid.NewGuid</c> asks the kernel and needs nothing.</summary>
    public static async Task MakeUniqueAsync(RestoreRequest request)
    {
        OpenSsl.Seed(request.Entropy);

        // Functions are loaded, and by default called, on this thread.
        SharedGenerator?.SetValue(null, null);
        await Snapshot.RunHooksAsync();
    }
}

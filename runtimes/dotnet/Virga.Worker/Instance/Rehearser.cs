using System.Text;
using System.Text.Json;
using Virga.Worker.Calls;
using Virga.Worker.Channel;
using Virga.Worker.Native;

namespace Virga.Worker.Instance;

/// <summary>
/// Lets a generic worker be specialised and called once, with nobody listening, so that the first real function finds its
/// code loaded and its JSON machinery built.
/// </summary>
internal static class Rehearser
{
    private const int StateVersionSize = 16;

    public static void Rehearse()
    {
        string root = Path.Combine(AppContext.BaseDirectory, "rehearsal");
        string before = Directory.GetCurrentDirectory();

        // Never closed: the asynchronous call may still be answering when this method returns.
        int nowhere = Posix.OpenNull();
        var instance = new WorkerInstance(new FrameWriter(nowhere));
        Play(instance, root, "Rehearsal:Handler");
        Play(instance, root, "Rehearsal:HandleAsync");
        Directory.SetCurrentDirectory(before);
    }

    /// <summary>What the function asks for, in its order; nobody waits where it asks for nothing.</summary>
    private static void Answer(WorkerInstance instance, uint call)
    {
        uint ask = 0;
        foreach (byte[] result in (ReadOnlySpan<byte[]>)
        [
            [0, 2],
            [0, 1, .. new byte[StateVersionSize], 3, 2, .. "hi"u8],
        ])
        {
            byte[] body = [(byte)++ask, 0, 0, 0, 0, 0, 1, .. result];
            instance.Take(new Frame(FrameKind.Answer, call, body, headerLength: 0))?.Execute();
        }
    }

    private static void Play(WorkerInstance instance, string root, string handler)
    {
        string rootJson = JsonEncodedText.Encode(root).ToString();
        byte[] specialise = Encoding.UTF8.GetBytes(
            $$"""{"tenant":"t","namespace":"n","function":"rehearsal","version":1,"root":"{{rootJson}}","handler":"{{handler}}","environment":{},"concurrency":1}""");
        byte[] head =
            """
            {"id":"0","trigger":"http","method":"POST","path":"/greet/7","query":"name=a%20b&n=1","params":{"id":"7"},
            "headers":[["content-type","application/json"]],"deadline":1,"attempt":1,"body":"inline"}
            """u8.ToArray();
        byte[] body = """{"name":"world","count":1}"""u8.ToArray();
        instance.Take(new Frame(FrameKind.Specialise, 0, specialise, specialise.Length));
        for (uint id = 1; id <= 2; id++)
        {
            IThreadPoolWorkItem? call = instance.Take(new Frame(FrameKind.Call, id, (byte[])[.. head, .. body], head.Length));
            call?.Execute();
            Answer(instance, id);
        }
    }
}

// Does what its query asks: answers, or fails in one of the ways in which functions fail.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading.Tasks;
using Virga.Functions;

public static class Main
{
    // A machine without limits shall survive the bomb: the answer then tells that it went off.
    private const int MostPieces = 64;

    public static async Task<object> Handler(Event @event, Context context)
    {
        switch (@event.Query["do"])
        {
            case "hello":
                return new { hello = "world" };
            case "throw":
                throw new InvalidOperationException("as asked");
            case "exit":
                Environment.Exit(1);
                break;
            case "segfault":
                strlen(1);
                break;
            case "memory":
                var held = new List<byte[]>();
                while (held.Count < MostPieces)
                {
                    var piece = new byte[16 * 1024 * 1024];
                    Array.Fill(piece, (byte)1);
                    held.Add(piece);
                }

                return new { held = held.Count };
            case "spin":
                while (true)
                {
                }
        }

        await Task.Delay(TimeSpan.FromMinutes(1));
        return null!;
    }

    // Faults in native code: .NET carries on after a SIGSEGV that was merely sent to it, and turns one in managed code into an exception.
    [DllImport("libc")]
    private static extern nint strlen(nint text);
}

using System.Buffers;
using Virga.Core.Names;
using Virga.State.Binary;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Replicas;

namespace Virga.Composition.Messages;

/// <summary>Messages to calls that cannot be reached: each waits for an hour under a key of its own, in the order of their times, in case the call is looked for there.</summary>
internal sealed class Inboxes(IStateReplica replica, TimeProvider time)
{
    private const string Prefix = "$inbox/";

    // Of the greatest size they fit into one answer, and are not taken only to find out that they do not.
    private const int MostAtATime = 16;

    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    /// <summary>Leaves a message.</summary>
    public async ValueTask PutAsync(Scope scope, CallAddress to, FunctionMessage message, CancellationToken cancellation)
    {
        var content = new ArrayBufferWriter<byte>(message.Size);
        content.WriteByte((byte)PayloadTag.Bytes);
        message.WriteTo(content);
        var key = new StateKey(scope, $"{Prefix}{to}/{InvocationId.New(time)}");
        await replica.ApplyAsync(key, new PutMutation(new Payload(content.WrittenMemory), Kept), null, cancellation);
    }

    /// <summary>Takes what was left for a call, up to a number; more may be left.</summary>
    public async ValueTask TakeAsync(Scope scope, CallAddress of, List<FunctionMessage> taken, int most, CancellationToken cancellation)
    {
        var found = await replica.ListAsync(scope, $"{Prefix}{of}/", null, Math.Min(most - taken.Count, MostAtATime), cancellation);
        foreach (var (key, record) in found.Items)
        {
            if (record.Value is LwwRegister register)
            {
                taken.Add(Read(register.Payload));
            }

            await replica.ApplyAsync(key, new DeleteMutation(), null, cancellation);
        }
    }

    private static FunctionMessage Read(Payload payload)
    {
        var reader = new ByteReader(payload.Content.Span);
        return FunctionMessage.Read(ref reader);
    }
}

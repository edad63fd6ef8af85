using Microsoft.AspNetCore.Http;
using Virga.Core.Names;
using Virga.Core.Problems;
using Virga.State.Keys;
using Virga.State.Lattices;
using Virga.State.Mutations;
using Virga.State.Records;
using Virga.State.Updates;

namespace Virga.State.Api;

/// <summary><c>PUT</c>, <c>DELETE</c> and <c>PATCH /state/{key}</c>.</summary>
internal sealed class WriteEndpoints(Func<StateEngine> engine, ReadEndpoint reading)
{
    public async Task PutAsync(HttpContext http)
    {
        var key = StateRequest.WritableKey(http);
        var timeToLive = StateRequest.TimeToLive(http);
        var payload = await StateBody.ReadValueAsync(http);
        var record = await ApplyAsync(http, key, new PutMutation(payload, timeToLive));
        http.Response.Headers.ETag = $"\"{record!.Version}\"";
        await StateDocument.SendAsync(http, json =>
        {
            json.WriteString("key"u8, key.Text);
            json.WriteString("kind"u8, record.Value!.Kind.ToName());
            json.WriteString("version"u8, record.Version.ToString());
        });
    }

    public async Task DeleteAsync(HttpContext http)
    {
        var key = StateRequest.WritableKey(http);
        var existed = await reading.FindAsync(http, key) is not null;
        if (existed || StateRequest.Condition(http) is not null)
        {
            await ApplyAsync(http, key, new DeleteMutation());
        }

        await StateDocument.SendAsync(http, json =>
        {
            json.WriteString("key"u8, key.Text);
            json.WriteBoolean("existed"u8, existed);
        });
    }

    public async Task PatchAsync(HttpContext http)
    {
        var key = StateRequest.WritableKey(http);
        if (StateRequest.Condition(http) is not null)
        {
            throw new ProblemException(KnownProblems.InvalidRequest("An update takes no condition.", "Updates of all nodes merge; use PUT for a conditional write."));
        }

        var update = StateUpdate.Parse(await StateBody.ReadJsonAsync(http));
        var record = await ApplyAsync(http, key, update);
        http.Response.Headers.ETag = $"\"{record!.Version}\"";
        await ReadEndpoint.SendAsync(http, "application/json", update.ResultOf(record).Content);
    }

    private async ValueTask<StateRecord?> ApplyAsync(HttpContext http, StateKey key, StateMutation mutation)
    {
        var state = engine();
        if (StateRequest.Condition(http) is not { } condition)
        {
            return await state.ApplyAsync(null, key, mutation, http.RequestAborted);
        }

        var (held, record) = await state.ApplyIfAsync(null, key, condition, mutation, http.RequestAborted);
        return held
            ? record
            : throw new ProblemException(KnownProblems.StateConditionFailed(
                record?.Value is null ? $"The key '{ResourceName.Shorten(key.Text)}' does not exist." : $"The key '{ResourceName.Shorten(key.Text)}' has the version {record.Version}."));
    }
}

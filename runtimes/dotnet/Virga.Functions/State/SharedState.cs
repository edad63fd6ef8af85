using System.Runtime.CompilerServices;
using System.Text.Json;
using Virga.Functions.Wire;

namespace Virga.Functions;

/// <summary>
/// State that functions share, at memory speed. Every method sends its request at once: start several and await them together, and they travel
/// together.
/// </summary>
/// <remarks>
/// All throw <see cref="PlatformException"/> when the platform refuses or cannot do what is asked, and <see cref="OperationCanceledException"/> when
/// nobody waits for the call any more.
/// </remarks>
public sealed class SharedState
{
    private const int PageSize = 1000;
    private const string AnswerFull = "answer-full";

    /// <summary>Keys of one request: results of more would fill its answer anyway.</summary>
    private const int KeysPerRequest = 1000;

    /// <summary>The node answers a watch at the latest then, and is asked again.</summary>
    private static readonly TimeSpan WatchPatience = TimeSpan.FromSeconds(30);

    private readonly ICall call;

    internal SharedState(ICall call) => this.call = call;

    /// <summary>What a key holds: text as a string, bytes as <c>byte[]</c>, JSON as any type; sets, counters and others in their JSON form.</summary>
    /// <typeparam name="T">What to read; a value type gives its default when the key does not exist, <c>int?</c> and the like <see langword="null"/>.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="InvalidOperationException">The key holds text or bytes, and something else was asked for.</exception>
    /// <exception cref="JsonException">The key's JSON does not fit.</exception>
    public async ValueTask<T?> GetAsync<T>(string key, CancellationToken cancellationToken = default) =>
        (await ReadAsync(key, cancellationToken)).As<T>();

    /// <summary>The text that a key holds, or its JSON as text; <see langword="null"/> when it does not exist.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<string?> GetTextAsync(string key, CancellationToken cancellationToken = default)
    {
        FoundValue found = await ReadAsync(key, cancellationToken);
        return found.Exists ? found.Value.Text() : null;
    }

    /// <summary>
    /// The bytes that a key holds, also those of text and JSON; <see langword="null"/> when it does not exist. Large ones are shared by the calls of an
    /// instance and not copied.
    /// </summary>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<ReadOnlyMemory<byte>?> GetBytesAsync(string key, CancellationToken cancellationToken = default)
    {
        FoundValue found = await ReadAsync(key, cancellationToken);
        return found.Exists ? found.Value.Content : null;
    }

    /// <summary>What a key holds with its version; <see langword="null"/> when it does not exist.</summary>
    /// <inheritdoc cref="GetAsync"/>
    public async ValueTask<Versioned<T>?> GetVersionedAsync<T>(string key, CancellationToken cancellationToken = default)
    {
        FoundValue found = await ReadAsync(key, cancellationToken);
        if (!found.Exists)
        {
            return null;
        }

        T? value = found.Value.As<T>();
        IReadOnlyList<T?> siblings = found.Siblings is { } all ? Array.ConvertAll(all, sibling => sibling.As<T>()) : [value];
        return new Versioned<T>(value, found.Version, siblings);
    }

    /// <summary>What several keys hold, in one request.</summary>
    /// <returns>The values of the keys that exist.</returns>
    /// <typeparam name="T">What to read.</typeparam>
    /// <param name="keys">The keys.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<IReadOnlyDictionary<string, T>> GetManyAsync<T>(IEnumerable<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var values = new Dictionary<string, T>(StringComparer.Ordinal);
        foreach ((string key, FoundValue found) in await ReadManyAsync(keys, cancellationToken))
        {
            if (found.Exists)
            {
                values[key] = found.As<T>()!;
            }
        }

        return values;
    }

    /// <summary>Writes a string as text, <c>byte[]</c> and <c>ReadOnlyMemory&lt;byte&gt;</c> as bytes, anything else as JSON.</summary>
    /// <returns>The new version.</returns>
    /// <typeparam name="T">What to write.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, of at most 16 MiB.</param>
    /// <param name="timeToLive">After which the key is gone.</param>
    /// <param name="ifVersion">The version that the key must have now, <see cref="StateVersion.None"/> for a key that must not exist.</param>
    /// <param name="cancellationToken">Gives up waiting; what was sent may happen all the same.</param>
    /// <exception cref="PlatformException"><c>state-condition-failed</c>: the key has another version.</exception>
    public async ValueTask<StateVersion> PutAsync<T>(
        string key,
        T value,
        TimeSpan? timeToLive = null,
        StateVersion? ifVersion = null,
        CancellationToken cancellationToken = default)
    {
        if (timeToLive is { } time)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero, nameof(timeToLive));
        }

        RequestWriter request = StateCommand.Begin();
        StateCommand.Put(request, key, value, timeToLive, ifVersion);
        return (await AskAsync(request, cancellationToken)).Version();
    }

    /// <summary>Removes a key.</summary>
    /// <returns>Whether it existed.</returns>
    /// <param name="key">The key.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<bool> DeleteAsync(string key, CancellationToken cancellationToken = default)
    {
        RequestWriter request = StateCommand.Begin();
        StateCommand.Delete(request, key);
        return (await AskAsync(request, cancellationToken)).Byte() == 1;
    }

    /// <summary>Carries out an update such as <c>new { set = new { add = new[] { "a" } } }</c>: see docs/state.md.</summary>
    /// <returns>What the update says it gives.</returns>
    /// <typeparam name="TResult">What to read that as.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="update">The update.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<TResult?> UpdateAsync<TResult>(string key, object update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        RequestWriter request = StateCommand.Begin();
        StateCommand.Update(request, key, update);
        return (await AskAsync(request, cancellationToken)).Value().As<TResult>();
    }

    /// <inheritdoc cref="UpdateAsync{TResult}"/>
    public async ValueTask UpdateAsync(string key, object update, CancellationToken cancellationToken = default) =>
        await UpdateAsync<JsonElement>(key, update, cancellationToken);

    /// <summary>Asks a query such as <c>new { set = new { has = "a" } }</c>: see docs/state.md.</summary>
    /// <typeparam name="TResult">What to read the answer as.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="query">The query.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async ValueTask<TResult?> QueryAsync<TResult>(string key, object query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        RequestWriter request = StateCommand.Begin();
        StateCommand.Query(request, key, query);
        return (await AskAsync(request, cancellationToken)).Value().As<TResult>();
    }

    /// <summary>The keys that exist and begin with a prefix, in order. Keys that are written meanwhile may be among them.</summary>
    /// <param name="prefix">The prefix; empty for all.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async IAsyncEnumerable<StateEntry> ListAsync(
        string prefix = "",
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string after = string.Empty;
        bool more = true;
        while (more)
        {
            RequestWriter request = StateCommand.Begin();
            StateCommand.List(request, prefix, after, PageSize);
            AnswerReader page = await AskAsync(request, cancellationToken);
            for (int left = page.Count(); left > 0; left--)
            {
                after = page.Text();
                yield return new StateEntry(after, page.Text());
            }

            more = page.Byte() == 1;
        }
    }

    /// <summary>
    /// Changes of keys that begin with a prefix, from this call on. To be sure that a change is seen, await <see cref="StateWatch.Ready"/> before it is made.
    /// </summary>
    /// <param name="prefix">The prefix; empty for all.</param>
    /// <param name="cancellationToken">Gives up waiting for the beginning.</param>
    public StateWatch WatchAsync(string prefix = "", CancellationToken cancellationToken = default) =>
        new(this, prefix, BeginWatchAsync(prefix, cancellationToken));

    /// <summary>A number that many may add to at the same time.</summary>
    /// <param name="key">The key.</param>
    public StateCounter Counter(string key) => new(this, key);

    /// <summary>Elements that are added and removed; what is added and removed at the same time stays.</summary>
    /// <typeparam name="T">The elements.</typeparam>
    /// <param name="key">The key.</param>
    public StateSet<T> Set<T>(string key) => new(this, key);

    /// <summary>Elements that are only ever added.</summary>
    /// <typeparam name="T">The elements.</typeparam>
    /// <param name="key">The key.</param>
    public StateGrowSet<T> GrowSet<T>(string key) => new(this, key, "growSet");

    /// <summary>Members with scores, in the order of the scores.</summary>
    /// <typeparam name="T">The members.</typeparam>
    /// <param name="key">The key.</param>
    public StateOrderedSet<T> OrderedSet<T>(string key) => new(this, key);

    /// <summary>Fields, each a register or a kind of value of its own.</summary>
    /// <typeparam name="T">What the fields hold.</typeparam>
    /// <param name="key">The key.</param>
    public StateMap<T> Map<T>(string key) => new(this, key);

    /// <summary>The greatest number that was ever put.</summary>
    /// <param name="key">The key.</param>
    public StateExtreme Max(string key) => new(this, key, "max");

    /// <summary>The least number that was ever put.</summary>
    /// <param name="key">The key.</param>
    public StateExtreme Min(string key) => new(this, key, "min");

    /// <summary>False until it is raised, then true for good.</summary>
    /// <param name="key">The key.</param>
    public StateFlag Flag(string key) => new(this, key);

    /// <summary>The last entries of a list that many may append to.</summary>
    /// <typeparam name="T">The entries.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="keep">How many entries stay, 1 to 100,000: the last ones.</param>
    public StateLog<T> Log<T>(string key, int keep = StateLog<T>.KeptUnlessSaid) => new(this, key, keep);

    /// <summary>How many different values there were. A sketch keeps the size that it is begun with, as all of these.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="precision">4 to 18; 14 unless said, which is within 0.81 %.</param>
    public StateHyperLogLog<T> HyperLogLog<T>(string key, int? precision = null) => new(this, key, precision);

    /// <summary>How many different values there were, and of unions, intersections and differences.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="size">16 to 65,536; 4,096 unless said, which is within 1.6 %.</param>
    public StateTheta<T> Theta<T>(string key, int? size = null) => new(this, key, size);

    /// <summary>How often each value was added: never too few.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="error">At most this share of all additions too often; 0.001 unless said.</param>
    /// <param name="confidence">In this share of cases; 0.99 unless said.</param>
    public StateCountMin<T> CountMin<T>(string key, double? error = null, double? confidence = null) => new(this, key, error, confidence);

    /// <summary>The values that were added most often.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="size">How many values are counted, 1 to 4,096; 100 unless said.</param>
    public StateTopK<T> TopK<T>(string key, int? size = null) => new(this, key, size);

    /// <summary>The distribution of numbers.</summary>
    /// <param name="key">The key.</param>
    /// <param name="size">8 to 4,096; 200 unless said, which is within 1.65 % of a rank.</param>
    public StateQuantiles Quantiles(string key, int? size = null) => new(this, key, size);

    /// <summary>Whether a value was added; seldom with a wrong yes.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="capacity">How many values there will be; 100,000 unless said.</param>
    /// <param name="falsePositives">How likely a wrong yes may be then; 0.01 unless said.</param>
    public StateBloom<T> Bloom<T>(string key, int? capacity = null, double? falsePositives = null) => new(this, key, capacity, falsePositives);

    /// <summary>A random sample of all that was added.</summary>
    /// <typeparam name="T">The values.</typeparam>
    /// <param name="key">The key.</param>
    /// <param name="size">How many values are kept, 1 to 10,000; 100 unless said.</param>
    public StateReservoir<T> Reservoir<T>(string key, int? size = null) => new(this, key, size);

    internal async ValueTask<long> IncrementAsync(string key, long amount, CancellationToken cancellationToken)
    {
        RequestWriter request = StateCommand.Begin();
        StateCommand.Increment(request, key, amount);
        return (await AskAsync(request, cancellationToken)).Signed();
    }

    internal async ValueTask<(ulong Cursor, StateChange[] Changes)> ChangesAsync(string prefix, ulong cursor, CancellationToken cancellationToken)
    {
        RequestWriter request = StateCommand.Begin();
        StateCommand.Watch(request, prefix, cursor, WatchPatience, PageSize);
        AnswerReader answer = await AskAsync(request, cancellationToken);
        ulong next = answer.Varint();
        var changes = new StateChange[answer.Count()];
        for (int i = 0; i < changes.Length; i++)
        {
            string key = answer.Text();
            changes[i] = new StateChange(key, answer.Byte() == 1 ? answer.Value() : null);
        }

        return (next, changes);
    }

    /// <summary>What several keys hold, each once. What had no room in an answer is asked for again.</summary>
    internal async ValueTask<IReadOnlyList<KeyValuePair<string, FoundValue>>> ReadManyAsync(IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        var found = new List<KeyValuePair<string, FoundValue>>();
        var left = new Queue<string>(keys.Distinct(StringComparer.Ordinal));
        var asked = new List<(string Key, KeptValue? Kept)>();
        while (left.Count > 0)
        {
            asked.Clear();
            while (asked.Count < KeysPerRequest && left.TryDequeue(out string? key))
            {
                asked.Add((key, call.KeptValues.Find(key)));
            }

            RequestWriter request = StateCommand.Begin(asked.Count);
            foreach ((string key, KeptValue? kept) in asked)
            {
                StateCommand.Get(request, key, kept);
            }

            AnswerReader answer = await SendAsync(request, cancellationToken);
            foreach ((string key, KeptValue? kept) in asked)
            {
                if (answer.ProblemOfResult() is not { } problem)
                {
                    found.Add(new(key, FoundValue.Read(ref answer, key, kept, call.KeptValues)));
                }
                else if (string.Equals(problem.Type, AnswerFull, StringComparison.Ordinal))
                {
                    left.Enqueue(key);
                }
                else
                {
                    throw problem;
                }
            }
        }

        return found;
    }

    private async Task<ulong> BeginWatchAsync(string prefix, CancellationToken cancellationToken) =>
        (await ChangesAsync(prefix, cursor: 0, cancellationToken)).Cursor;

    private async ValueTask<FoundValue> ReadAsync(string key, CancellationToken cancellationToken)
    {
        KeptValue? kept = call.KeptValues.Find(key);
        RequestWriter request = StateCommand.Begin();
        StateCommand.Get(request, key, kept);
        AnswerReader answer = await AskAsync(request, cancellationToken);
        return FoundValue.Read(ref answer, key, kept, call.KeptValues);
    }

    /// <summary>Sends one command and gives its result.</summary>
    private async ValueTask<AnswerReader> AskAsync(RequestWriter request, CancellationToken cancellationToken)
    {
        AnswerReader answer = await SendAsync(request, cancellationToken);
        return answer.ProblemOfResult() is { } problem ? throw problem : answer;
    }

    private async ValueTask<AnswerReader> SendAsync(RequestWriter request, CancellationToken cancellationToken)
    {
        var answer = new AnswerReader(await call.AskAsync(request, cancellationToken));
        answer.Check();
        answer.Count();
        return answer;
    }
}

using Virga.Core.Resources;
using Virga.Streams.Windows;
using Virga.Topics.Messages;

namespace Virga.Streams.Lanes;

/// <summary>
/// Turns the messages of one partition, in their order, into steps. A fold without a clock: after a restart it comes from the same note and the same messages to the same steps.
/// Not safe for several threads.
/// </summary>
internal sealed class LaneFold
{
    private readonly StreamWindow? _window;
    private readonly Windowing<StreamMessage>? _windows;
    private readonly long _lateness;
    private LaneNote _note;
    private long _replayed = long.MinValue / 2;

    /// <summary>A fold that goes on.</summary>
    /// <param name="window">The stream's windows; null for none.</param>
    /// <param name="note">Where it stood.</param>
    public LaneFold(StreamWindow? window, LaneNote note)
    {
        _window = window;
        _note = note;
        _lateness = (long)(window?.Lateness.Span.TotalMilliseconds ?? 0);
        _windows = window is null ? null : Make(window);
        _windows?.Restore(note.Watermark);
    }

    /// <summary>Where it stands.</summary>
    public LaneNote Note => _note;

    /// <summary>Messages in open windows.</summary>
    public int Held => _windows?.Held ?? 0;

    /// <summary>What they keep in memory, in bytes.</summary>
    public long HeldBytes { get; private set; }

    /// <summary>Messages that came when all their windows had closed.</summary>
    public long Late { get; private set; }

    /// <summary>The watermark; null where there is none.</summary>
    public long? Watermark => _windows is null || _windows.Watermark == long.MinValue ? null : _windows.Watermark;

    /// <summary>Takes a message.</summary>
    /// <param name="message">What was published.</param>
    /// <param name="chunks">The entries of its chunks but the last.</param>
    /// <param name="permits">How many permits it took.</param>
    /// <param name="bytes">How many bytes of entries are no longer under way with it.</param>
    /// <param name="steps">Takes the steps that it leads to, behind what it holds.</param>
    public void Take(TopicMessage message, IReadOnlyList<Position> chunks, int permits, long bytes, List<LaneStep> steps)
    {
        var (position, index) = (message.Id.Position, message.Id.BatchIndex);
        var isReplayed = _note.Covers(position, index);
        var taken = new StreamMessage
        {
            Message = message,
            Position = position,
            BatchIndex = index,
            Chunks = chunks,
            Permits = permits,
            EntryBytes = bytes,
            Time = StreamMessage.TimeOf(message, _window),
            Key = _window is { PerKey: false } ? "" : message.Key ?? "",
            Sequence = isReplayed ? _replayed++ : _note.Messages,
        };
        if (!isReplayed)
        {
            _note = _note with { Taken = position, TakenIndex = index, Messages = _note.Messages + 1 };
        }

        if (_windows is null)
        {
            steps.Add(new LaneStep([Work([taken], null)], [taken], _note));
            return;
        }

        if (_windows.Add(taken, isReplayed))
        {
            HeldBytes += taken.Bytes;
        }
        else
        {
            Late++;
            steps.Add(new LaneStep([], [taken], _note));
        }

        if (!isReplayed)
        {
            Advance(taken.Time - _lateness, steps);
        }
    }

    /// <summary>Acknowledges what cannot be taken apart and was put aside; it leads to nothing.</summary>
    public LaneStep Skip(Position position, StreamMessage skipped)
    {
        if (!_note.Covers(position, int.MaxValue))
        {
            _note = _note with { Taken = position, TakenIndex = int.MaxValue };
        }

        return new LaneStep([], [skipped], _note);
    }

    /// <summary>Lets time pass without a message.</summary>
    /// <param name="time">What the watermark may rise to, lateness not counted.</param>
    /// <param name="steps">Takes the steps that it leads to.</param>
    public void Pass(long time, List<LaneStep> steps) => Advance(time - _lateness, steps);

    private static Windowing<StreamMessage> Make(StreamWindow window)
    {
        if (window.Size is { } size)
        {
            return new TimeWindows<StreamMessage>((long)size.Span.TotalMilliseconds, (long)(window.Slide ?? size).Span.TotalMilliseconds);
        }

        return window.Count is { } count
            ? new CountWindows<StreamMessage>(count, window.Every ?? count)
            : new SessionWindows<StreamMessage>((long)window.Gap!.Value.Span.TotalMilliseconds);
    }

    private void Advance(long watermark, List<LaneStep> steps)
    {
        var closings = _windows!.Advance(watermark);

        // Also where nothing closed: what is late depends on it.
        _note = _note with { Watermark = _windows.Watermark };
        if (closings.Count == 0)
        {
            closings = _windows.Close();
        }

        if (closings.Count == 0)
        {
            return;
        }

        var works = new List<StreamWork>();
        var done = new List<StreamMessage>();
        foreach (var closing in closings)
        {
            foreach (var window in closing.Windows)
            {
                works.Add(Work(window.Messages, window));
            }

            foreach (var message in closing.Done)
            {
                HeldBytes -= message.Bytes;
                done.Add(message);
            }
        }

        // All closings of a moment are one step: half of them would be a state in which the lane never was.
        steps.Add(new LaneStep(works, done, _note));
    }

    private StreamWork Work(IReadOnlyList<StreamMessage> messages, ClosedWindow<StreamMessage>? window)
    {
        var work = new StreamWork { Messages = messages, Window = window, Number = _note.Works };
        _note = _note with { Works = _note.Works + 1 };
        return work;
    }
}

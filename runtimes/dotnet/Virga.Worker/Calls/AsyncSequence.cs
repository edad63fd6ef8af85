using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Virga.Worker.Calls;

/// <summary>An async sequence of any element type, as objects.</summary>
internal abstract class AsyncSequence
{
    private static readonly ConcurrentDictionary<Type, Type?> ElementTypes = new();

    public bool IsText => ElementType == typeof(string);

    public bool IsBytes => ElementType == typeof(byte[]) || ElementType == typeof(ReadOnlyMemory<byte>);

    protected abstract Type ElementType { get; }

    /// <summary>The value as a sequence; <see langword="null"/> when it is none.</summary>
    public static AsyncSequence? From(object value)
    {
        Type type = value.GetType();
        if (!ElementTypes.TryGetValue(type, out Type? element))
        {
            element = ElementTypes.GetOrAdd(type, FindElementType(type));
        }

        return element is null
            ? null
            : (AsyncSequence)Activator.CreateInstance(typeof(Of<>).MakeGenericType(element), value)!;
    }

    public abstract IAsyncEnumerable<object?> ItemsAsync(CancellationToken cancellationToken);

    private static Type? FindElementType(Type type) => Array
        .Find(type.GetInterfaces(), candidate => candidate.IsGenericType && candidate.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>))
        ?.GetGenericArguments()[0];

    private sealed class Of<T>(IAsyncEnumerable<T> items) : AsyncSequence
    {
        protected override Type ElementType => typeof(T);

        public override async IAsyncEnumerable<object?> ItemsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (T item in items.WithCancellation(cancellationToken))
            {
                yield return item;
            }
        }
    }
}

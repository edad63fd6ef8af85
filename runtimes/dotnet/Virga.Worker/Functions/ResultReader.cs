namespace Virga.Worker.Functions;

/// <summary>Gets the value out of what a method returns: a value, or a task of one.</summary>
internal abstract class ResultReader
{
    public static ResultReader For(Type type)
    {
        if (type == typeof(Task))
        {
            return new OfTask();
        }

        if (type == typeof(ValueTask))
        {
            return new OfValueTask();
        }

        if (type == typeof(Task<string>) || type == typeof(Task<object>))
        {
            return type == typeof(Task<string>) ? new OfTask<string>() : new OfTask<object>();
        }

        Type? reader = type.IsGenericType switch
        {
            true when type.GetGenericTypeDefinition() == typeof(Task<>) => typeof(OfTask<>),
            true when type.GetGenericTypeDefinition() == typeof(ValueTask<>) => typeof(OfValueTask<>),
            _ => null,
        };
        return reader is null
            ? new OfValue()
            : (ResultReader)Activator.CreateInstance(reader.MakeGenericType(type.GetGenericArguments()))!;
    }

    public abstract ValueTask<object?> Read(object? returned);

    private sealed class OfValue : ResultReader
    {
        public override ValueTask<object?> Read(object? returned) => returned is Task or ValueTask
            ? For(DeclaredTask(returned.GetType())).Read(returned)
            : new ValueTask<object?>(returned);

        /// <summary>A method that returns <see cref="object"/> may return a task of a type that is the compiler's own.</summary>
        private static Type DeclaredTask(Type type)
        {
            Type? task = type;
            while (task is not null && !(task.IsGenericType && task.GetGenericTypeDefinition() == typeof(Task<>)))
            {
                task = task.BaseType;
            }

            // A plain Task that was made by an async method is a Task<VoidTaskResult>.
            return task is null || !task.GetGenericArguments()[0].IsVisible ? typeof(Task) : task;
        }
    }

    private sealed class OfTask : ResultReader
    {
        public override ValueTask<object?> Read(object? returned) => ((Task)returned!).IsCompletedSuccessfully
            ? new ValueTask<object?>((object?)null)
            : AwaitAsync((Task)returned);

        private static async ValueTask<object?> AwaitAsync(Task task)
        {
            await task;
            return null;
        }
    }

    private sealed class OfTask<T> : ResultReader
    {
        public override ValueTask<object?> Read(object? returned)
        {
            var task = (Task<T>)returned!;
            return task.IsCompletedSuccessfully ? new ValueTask<object?>(task.Result) : AwaitAsync(task);
        }

        private static async ValueTask<object?> AwaitAsync(Task<T> task) => await task;
    }

    private sealed class OfValueTask : ResultReader
    {
        public override async ValueTask<object?> Read(object? returned)
        {
            await (ValueTask)returned!;
            return null;
        }
    }

    private sealed class OfValueTask<T> : ResultReader
    {
        public override async ValueTask<object?> Read(object? returned) => await (ValueTask<T>)returned!;
    }
}

using System.Reflection;
using Virga.Functions;

namespace Virga.Worker.Functions;

/// <summary>Binds a user's method to the one shape in which the worker calls it.</summary>
internal static class HandlerBinder
{
    /// <exception cref="FunctionLoadException">The method has a parameter that nothing can be given for.</exception>
    public static Handler Bind(MethodInfo method)
    {
        ParameterInfo[] parameters = method.GetParameters();
        Check(method, parameters);
        return new Handler(Delegate(method, parameters) ?? Reflect(method, parameters), ResultReader.For(method.ReturnType));
    }

    private static void Check(MethodInfo method, ParameterInfo[] parameters)
    {
        int bodies = 0;
        foreach (ParameterInfo parameter in parameters)
        {
            if (parameter.ParameterType.IsByRef || (!IsSurrounding(parameter.ParameterType) && ++bodies > 1))
            {
                throw new FunctionLoadException(
                    FunctionLoadException.HandlerNotFound,
                    $"{method.DeclaringType!.FullName}:{method.Name} cannot be called: its parameters may be an Event, a Context, "
                        + $"a CancellationToken and one type to read the JSON body into, but '{parameter.Name}' is one more.");
            }
        }
    }

    private static bool IsSurrounding(Type type) =>
        type == typeof(Event) || type == typeof(Context) || type == typeof(CancellationToken);

    /// <summary>The usual shapes, as delegates.</summary>
    private static Func<Event, Context, object?>? Delegate(MethodInfo method, ParameterInfo[] parameters)
    {
        if (method.ReturnType.IsValueType)
        {
            return null;
        }

        switch (Shape(parameters))
        {
            case "":
                {
                    Func<object?> handler = method.CreateDelegate<Func<object?>>();
                    return (_, _) => handler();
                }

            case "E":
                {
                    Func<Event, object?> handler = method.CreateDelegate<Func<Event, object?>>();
                    return (request, _) => handler(request);
                }

            case "C":
                {
                    Func<Context, object?> handler = method.CreateDelegate<Func<Context, object?>>();
                    return (_, context) => handler(context);
                }

            case "EC":
                return method.CreateDelegate<Func<Event, Context, object?>>();
            case "ET":
                {
                    Func<Event, CancellationToken, object?> handler = method.CreateDelegate<Func<Event, CancellationToken, object?>>();
                    return (request, context) => handler(request, context.CancellationToken);
                }

            case "ECT":
                {
                    Func<Event, Context, CancellationToken, object?> handler =
                        method.CreateDelegate<Func<Event, Context, CancellationToken, object?>>();
                    return (request, context) => handler(request, context, context.CancellationToken);
                }

            default:
                return null;
        }
    }

    private static string Shape(ParameterInfo[] parameters) => string.Concat(parameters.Select(parameter =>
        parameter.ParameterType == typeof(Event) ? "E"
        : parameter.ParameterType == typeof(Context) ? "C"
        : parameter.ParameterType == typeof(CancellationToken) ? "T"
        : "B"));

    private static Func<Event, Context, object?> Reflect(MethodInfo method, ParameterInfo[] parameters)
    {
        MethodInvoker invoker = MethodInvoker.Create(method);
        Type[] types = Array.ConvertAll(parameters, parameter => parameter.ParameterType);
        return (request, context) =>
        {
            var arguments = new object?[types.Length];
            for (int i = 0; i < types.Length; i++)
            {
                arguments[i] = Argument(types[i], request, context);
            }

            return invoker.Invoke(null, arguments.AsSpan());
        };
    }

    private static object? Argument(Type type, Event request, Context context)
    {
        if (type == typeof(Event))
        {
            return request;
        }

        if (type == typeof(Context))
        {
            return context;
        }

        if (type == typeof(CancellationToken))
        {
            return context.CancellationToken;
        }

        if (request.Buffered.IsEmpty)
        {
            throw new InvalidBodyException("The request needs a JSON body and has none.");
        }

        return request.ReadJson(type);
    }
}

using System.Diagnostics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Abstractions;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Virga.Core.Dags;
using Virga.Core.Invocations;
using Virga.Core.Problems;
using Virga.Core.Resources;
using Virga.Gateway.Requests;
using Virga.Gateway.Responses;
using Virga.Gateway.Telemetry;
using Virga.Gateway.WebSockets;

namespace Virga.Gateway;

/// <summary>Serves requests right on Kestrel's features: no pipeline of middleware stands between the server and the invocation.</summary>
internal sealed class GatewayApplication(
    IInvoker invoker,
    IDagInvoker? dags,
    CallResolver resolver,
    TimeProvider time,
    GatewayOptions options,
    GatewayMetrics metrics,
    ILogger logger) : IHttpApplication<Exchange>
{
    private readonly WebSocketSession _webSockets = new(options, time, metrics, logger);
    private volatile bool _draining;

    /// <summary>From now on every answer over HTTP/1.1 tells its client to use another connection; Kestrel itself tells those of HTTP/2.</summary>
    public void BeginDraining() => _draining = true;

    /// <inheritdoc/>
    public Exchange CreateContext(IFeatureCollection contextFeatures)
    {
        Exchange exchange;
        if (contextFeatures is IHostContextContainer<Exchange> container)
        {
            exchange = container.HostContext ??= new Exchange();
        }
        else
        {
            exchange = new Exchange();
        }

        exchange.Begin(contextFeatures, time);
        return exchange;
    }

    /// <inheritdoc/>
    public async Task ProcessRequestAsync(Exchange context)
    {
        metrics.RequestBegan();
        var activity = GatewayTracing.Begin(context);
        try
        {
            await ServeAsync(context);
        }
        catch (ProblemException exception)
        {
            await RefuseAsync(context, exception.Problem);
        }
        catch (Exception) when (context.Lifetime.RequestAborted.IsCancellationRequested)
        {
            // Whatever failed, it failed because nobody is there to be answered.
            GatewayLog.ClientGone(logger, context.IdText);
        }
        catch (Exception exception) when (RequestProblems.Of(exception, options.MaxBodyBytes) is { } problem)
        {
            await RefuseAsync(context, problem);
        }
        catch (Exception exception)
        {
            GatewayLog.RequestFailed(logger, context.IdText, exception);
            if (!context.Response.HasStarted)
            {
                context.Response.Headers.Clear();
            }

            await RefuseAsync(context, KnownProblems.Internal("The gateway could not serve the request."));
        }
        finally
        {
            activity?.SetTag("http.response.status_code", context.Response.StatusCode);
            activity?.Dispose();
            metrics.RequestEnded();
        }
    }

    /// <inheritdoc/>
    public void DisposeContext(Exchange context, Exception? exception) => context.End();

    private async ValueTask ServeAsync(Exchange exchange)
    {
        if (CallResolver.ReadPath(exchange) is { } unreadable)
        {
            await RefuseAsync(exchange, unreadable);
            return;
        }

        if (Preflight.TryAnswer(exchange, resolver))
        {
            return;
        }

        var call = await resolver.ResolveAsync(exchange);
        if (call.Function is not { } function)
        {
            await ServeDagAsync(exchange, call.Dag!.Value);
        }
        else if (WebSocketHandshake.IsAsked(exchange))
        {
            await ServeWebSocketAsync(exchange, call, function);
        }
        else if (RequestBody.IsExpected(exchange))
        {
            await ServeWithBodyAsync(exchange, call, function);
        }
        else
        {
            await InvokeAsync(exchange, MakeInvocation(exchange, call, function, Trigger.Http, default));
        }
    }

    private async ValueTask ServeDagAsync(Exchange exchange, DagName dag)
    {
        if (WebSocketHandshake.IsAsked(exchange))
        {
            await RefuseAsync(exchange, KnownProblems.InvalidRequest($"The DAG '{dag.Name}' takes no WebSockets.", "Send a plain request."));
            return;
        }

        var body = RequestBody.IsExpected(exchange) ? await RequestBody.ReadAsync(exchange, RequestBodyMode.Buffered, options.MaxBodyBytes) : default;
        try
        {
            var type = exchange.Request.Headers.ContentType.ToString();
            var call = new DagCall
            {
                Id = exchange.Id,
                Dag = dag,
                Body = body.Whole,
                BodyStream = body.Stream,
                ContentType = type is "" or "application/json" ? null : type,
                TraceParent = GatewayTracing.TraceParent(exchange),
                ReceivedAt = exchange.ReceivedAt,
            };
            await PassOnAsync(exchange, await dags!.InvokeAsync(call, exchange.Lifetime.RequestAborted), Trigger.Http);
        }
        finally
        {
            body.Release();
        }
    }

    private async ValueTask ServeWithBodyAsync(Exchange exchange, Call call, FunctionVersion function)
    {
        var body = await RequestBody.ReadAsync(exchange, function.Spec.RequestBody, options.MaxBodyBytes);
        try
        {
            await InvokeAsync(exchange, MakeInvocation(exchange, call, function, Trigger.Http, body));
        }
        finally
        {
            body.Release();
        }
    }

    private async ValueTask ServeWebSocketAsync(Exchange exchange, Call call, FunctionVersion function)
    {
        if (WebSocketHandshake.Check(exchange) is { } problem)
        {
            await RefuseAsync(exchange, problem);
            return;
        }

        await InvokeAsync(exchange, MakeInvocation(exchange, call, function, Trigger.WebSocket, default));
    }

    private async ValueTask InvokeAsync(Exchange exchange, Invocation invocation) =>
        await PassOnAsync(exchange, await invoker.InvokeAsync(invocation, exchange.Lifetime.RequestAborted), invocation.Trigger);

    private async ValueTask PassOnAsync(Exchange exchange, InvocationResult result, Trigger trigger)
    {
        try
        {
            if (_draining && exchange.Request.Protocol == "HTTP/1.1" && trigger != Trigger.WebSocket)
            {
                exchange.Response.Headers.Connection = "close";
            }

            if (result.Problem is { } problem)
            {
                await AnswerProblemAsync(exchange, problem, result);
            }
            else if (trigger == Trigger.WebSocket && result is { Status: 101, WebSocket: { } channel })
            {
                await _webSockets.RunAsync(exchange, result, channel);
            }
            else if (AnswerHead.Write(exchange, result) is { } unsendable)
            {
                await AnswerProblemAsync(exchange, unsendable, result);
            }
            else
            {
                await AnswerBody.SendAsync(exchange, result);
            }
        }
        catch (Exception exception) when (exchange.Response.HasStarted && !exchange.Lifetime.RequestAborted.IsCancellationRequested)
        {
            // The client has a part of the answer: only a broken connection tells it that there is no more.
            GatewayLog.AnswerBrokeOff(logger, exchange.IdText, exception.Message);
            exchange.Lifetime.Abort();
        }
        finally
        {
            await result.DisposeAsync();
        }
    }

    private Invocation MakeInvocation(Exchange exchange, Call call, FunctionVersion function, Trigger trigger, RequestBody body)
    {
        var request = exchange.Request;
        var query = request.QueryString;
        return new Invocation
        {
            Id = exchange.Id,
            Function = function,
            Trigger = trigger,
            Method = request.Method,
            Path = call.Path,
            Query = query.Length > 1 ? query[1..] : "",
            Parameters = call.Parameters,
            Headers = exchange.Headers,
            Body = body.Whole,
            BodyStream = body.Stream,
            Affinity = StickyRequest.KeyOf(function, exchange, call.Parameters),
            TraceParent = GatewayTracing.TraceParent(exchange),
            ReceivedAt = exchange.ReceivedAt,
        };
    }

    private ValueTask AnswerProblemAsync(Exchange exchange, Problem problem, InvocationResult result)
    {
        if (!exchange.Response.HasStarted)
        {
            AnswerHead.WriteTrace(exchange, result.Timing, exchange.Response.Headers);
        }

        return AnswerAsync(exchange, problem);
    }

    private ValueTask RefuseAsync(Exchange exchange, Problem problem)
    {
        metrics.Rejected(problem.Slug);
        return AnswerAsync(exchange, problem);
    }

    private ValueTask AnswerAsync(Exchange exchange, Problem problem)
    {
        // 499 is for the log: there is nobody to send it to.
        if (problem.Status == 499 || exchange.Lifetime.RequestAborted.IsCancellationRequested)
        {
            GatewayLog.ClientGone(logger, exchange.IdText);
            exchange.Lifetime.Abort();
            return ValueTask.CompletedTask;
        }

        GatewayLog.Problem(logger, exchange.IdText, problem.Status, problem.Type, problem.Detail);
        return ProblemAnswer.SendAsync(exchange, problem);
    }
}

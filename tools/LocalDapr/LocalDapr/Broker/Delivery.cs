using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>Delivers events to one replica, with the in-memory retries of the resiliency policy.</summary>
internal sealed partial class Delivery(
    Broker broker, HttpClient app, InboundPolicy policy, TrafficCounter traffic, SidecarOptions options, ILogger logger)
{
    private readonly TimeProvider _time = options.TimeProvider;
    private readonly ISidecarInterceptor? _interceptor = options.Interceptor;

    /// <summary>Delivers an event, then acknowledges, redelivers or drops it.</summary>
    /// <returns>False when nothing listens at the replica's port.</returns>
    public async Task<bool> DeliverAsync(Pending pending, CancellationToken stopping)
    {
        if (pending.Group.Route is not { } route)
        {
            broker.Return(pending);
            return true;
        }

        if (broker.Get(pending) is not { } message)
        {
            return true;
        }

        if (message.Expires <= _time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            // daprd dead-letters it with its expiration, so the dead letter has expired, too.
            await broker.DiscardAsync(pending, "it expired");
            return true;
        }

        // Deliveries are counted before they are sent, so that an event that crashes the machine is not retried at every start.
        if (route.DeadLetterTopic is not null && broker.DeliveriesExhausted(pending))
        {
            await broker.DropAsync(pending, $"{pending.Count} deliveries did not complete", stopping);
            return true;
        }

        pending.Count++;
        pending.Started = _time.GetTimestamp();
        broker.Count(pending);
        if (!route.IsRaw && !IsJson(message.Body))
        {
            await broker.FailAsync(pending, "it is not a CloudEvent, and the subscription is not raw", stopping);
            return true;
        }

        var reply = (await (_interceptor?.DeliverAsync(pending.Event, ProceedAsync) ?? ProceedAsync())).Reply;
        switch (reply)
        {
            case Reply.Done:
                await broker.AcknowledgeAsync(pending);
                break;
            case Reply.Dropped:
                await broker.DropAsync(pending, "the app dropped it", stopping);
                break;
            case Reply.Unknown:
                await broker.DiscardAsync(pending, "the app returned 404");
                break;
            case Reply.Lost when broker.DeliveriesExhausted(pending):
                await broker.FailAsync(pending, $"{pending.Count} deliveries broke off", stopping);
                break;
            case Reply.Lost:
                LogLost(logger, pending.Message, route.Topic, pending.Count);
                broker.Return(pending);
                break;
            case Reply.Unreachable:
                pending.Count--;
                broker.Count(pending);
                broker.Return(pending);
                return false;
            default:
                await broker.FailAsync(pending, reply == Reply.TimedOut ? "the app did not respond in time" : "the app failed", stopping);
                break;
        }

        if (_interceptor is not null && reply is not Reply.Lost)
        {
            await _interceptor.SettledAsync(pending.Event);
        }

        return true;

        Task<DeliveryResult> ProceedAsync() => TryAsync(pending, route, Wrapped(route, message), stopping);
    }

    // Called once per delivery: in-memory retries of a raw event share an id, redeliveries get a new one.
    private StoredMessage Wrapped(Route route, StoredMessage message) => route.IsRaw
        ? message with { Body = CloudEvents.WrapRaw(route.PubSub, route.Topic, message.Body, _time.GetLocalNow()) }
        : message;

    private async Task<DeliveryResult> TryAsync(Pending pending, Route route, StoredMessage message, CancellationToken stopping)
    {
        var started = _time.GetTimestamp();
        for (var retries = 0; ; retries++)
        {
            var result = await PostAsync(pending, route, message, stopping);
            if (result.Reply is not (Reply.Failed or Reply.TimedOut))
            {
                return result;
            }

            LogFailed(logger, pending.Message, route.Topic, result.Status ?? 0, pending.Count, retries);
            if (policy.Retry?.NextDelay(retries, _time.GetElapsedTime(started), result.Status) is not { } delay)
            {
                return result;
            }

            await Task.Delay(delay, _time, stopping);
        }
    }

    private async Task<DeliveryResult> PostAsync(Pending pending, Route route, StoredMessage message, CancellationToken stopping)
    {
        using var timeout = new CancellationTokenSource(policy.Timeout is { } limit && limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, timeout.Token);
        using var request = RequestOf(pending, route, message);
        // Counted before sending, since the app may act on the event before its response arrives here.
        traffic.AddDelivery();
        try
        {
            using var response = await app.SendAsync(request, HttpCompletionOption.ResponseContentRead, either.Token);
            var body = await response.Content.ReadAsByteArrayAsync(either.Token);
            return Replies.Of((int)response.StatusCode, body, options.Rules.NotFound);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            return new DeliveryResult(Reply.TimedOut);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError is HttpRequestError.ConnectionError)
        {
            traffic.UndoDelivery();
            return new DeliveryResult(options.Rules.CountsRefused ? Reply.Failed : Reply.Unreachable);
        }
        catch (HttpRequestException failure)
        {
            // A response above the size limit counts as a failure, like an unreadable one.
            var isTooLarge = failure.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded;
            return new DeliveryResult(isTooLarge || options.Rules.CountsRefused ? Reply.Failed : Reply.Lost);
        }
    }

    private HttpRequestMessage RequestOf(Pending pending, Route route, StoredMessage message)
    {
        var body = message.Body;
        var request = new HttpRequestMessage(HttpMethod.Post, "/" + route.Path.TrimStart('/')) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(CloudEvents.ContentType);
        var headers = request.Headers;
        options.Rules.AddHeaders(headers, pending, message);
        headers.Add("pubsubName", route.PubSub);
        if (CloudEvents.TraceOf(body) is { } trace)
        {
            var own = options.Tracing ? TraceContext.Below(trace.Parent, trace.State) : TraceContext.Of(trace.Parent, trace.State) ?? TraceContext.Zeros;
            headers.TryAddWithoutValidation("traceparent", own.Parent);
            if (own.State.Length > 0)
            {
                headers.TryAddWithoutValidation("tracestate", own.State);
            }
        }

        return request;
    }

    private static bool IsJson(byte[] body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return reader.Read() && reader.TokenType == JsonTokenType.StartObject && reader.TrySkip();
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to deliver message {Message} on {Topic}: status {Status} (0: timeout), delivery {Delivery}, retry {Retry}")]
    private static partial void LogFailed(ILogger logger, long message, string topic, int status, int delivery, int retry);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the connection during delivery {Delivery} of message {Message} on {Topic}; will redeliver")]
    private static partial void LogLost(ILogger logger, long message, string topic, int delivery);
}

using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>A request to a sidecar port → token → route → publish, state or health.</summary>
internal sealed partial class Requests(
    Func<int, AppSide?> appOfPort, PublishRoutes publishRoutes, StateRoutes stateRoutes, ApiToken apiToken, Action<string> shutdown, ILogger logger)
{
    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];

    public async Task HandleAsync(HttpContext context)
    {
        if (appOfPort(context.Connection.LocalPort) is not { } app)
        {
            context.Abort();
            return;
        }

        var path = RequestPath.SegmentsOf(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        if (!apiToken.IsRequired && IsFromBrowser(context.Request))
        {
            await WriteTextAsync(
                context.Response,
                403,
                "The sidecar has no token, so it serves no web pages, and no name but localhost, 127.0.0.1 and [::1]. Set DAPR_API_TOKEN for it and its callers, and send it as dapr-api-token.\n");
            return;
        }

        if (!IsTrusted(context.Request, path))
        {
            await WriteTextAsync(context.Response, 401, "invalid api token");
            return;
        }

        try
        {
            if (await RouteAsync(app, path, context) is { } error)
            {
                await error.WriteAsync(context.Response);
            }
            else if (!context.Response.HasStarted && context.Response.StatusCode == 200)
            {
                context.Response.StatusCode = 204;
            }
        }
        catch (FormatException failure)
        {
            await WriteTextAsync(context.Response, 400, $"failed to unescape request parameter. Error: {failure.Message}");
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; nobody reads an answer.
        }
        catch (Exception failure) when (failure is ObjectDisposedException)
        {
            // The sidecar is closing: nothing was acknowledged.
            context.Abort();
        }
        catch (Exception failure)
        {
            LogBroken(logger, context.Request.Method, app.AppId, failure);
            if (context.Response.HasStarted)
            {
                context.Abort();
            }
            else
            {
                await new ApiError(500, "ERR_INTERNAL", "the sidecar failed").WriteAsync(context.Response);
            }
        }
    }

    private Task<ApiError?> RouteAsync(AppSide app, List<string> path, HttpContext context)
    {
        var method = context.Request.Method;
        var writes = HttpMethods.IsPost(method) || HttpMethods.IsPut(method);
        return path switch
        {
            ["v1.0" or "v1.0-alpha1", "publish", "bulk", var pubSub, var first, .. var rest] when path[0] != "v1.0" || app.Version != DaprVersion.V116 =>
                When(writes, () => publishRoutes.PublishBulkAsync(app, Unescape(pubSub), TopicOf(first, rest), context.Request, context.RequestAborted)),
            ["v1.0", "publish", var pubSub, .. var topic] =>
                When(writes, () => publishRoutes.PublishAsync(app, Unescape(pubSub), Unescape(string.Join('/', topic)), context.Request, context.RequestAborted)),
            ["v1.0", "state", var store] => When(writes, () => WithStore(app, store, component => stateRoutes.SaveAsync(app, component, context))),
            ["v1.0", "state", var store, "bulk"] when writes => WithStore(app, store, component => stateRoutes.GetBulkAsync(app, component, context)),
            ["v1.0", "state", var store, "transaction"] when writes => WithStore(app, store, component => stateRoutes.TransactAsync(app, component, context)),
            ["v1.0-alpha1", "state", var store, "query"] =>
                When(writes, () => WithStore(app, store, component => Task.FromResult<ApiError?>(ApiError.QueryUnsupported(component.Name)))),
            ["v1.0", "state", var store, var key] when HttpMethods.IsGet(method) =>
                WithStore(app, store, component => stateRoutes.GetAsync(app, component, Unescape(key), context)),
            ["v1.0", "state", var store, var key] =>
                When(HttpMethods.IsDelete(method), () => WithStore(app, store, component => stateRoutes.DeleteAsync(app, component, Unescape(key), context))),
            ["v1.0", "healthz"] => When(HttpMethods.IsGet(method), () => Task.FromResult(Health(app, context.Request))),
            ["v1.0", "healthz", "outbound"] => When(HttpMethods.IsGet(method), () => Task.FromResult(default(ApiError))),
            ["v1.0", "metadata"] => When(HttpMethods.IsGet(method), () => MetadataRoutes.WriteAsync(app, context.Response)),
            ["v1.0", "metadata", var key] => When(HttpMethods.IsPut(method), () => MetadataRoutes.PutAsync(app, Unescape(key), context.Request)),
            ["v1.0", "shutdown"] => When(HttpMethods.IsPost(method), () => ShutDown(app, context.Response)),
            _ => Task.FromResult<ApiError?>(ApiError.NoAppToInvoke()),
        };

        // daprd's router hands what it does not know to service invocation, another method of a route that it knows too.
        static Task<ApiError?> When(bool allowed, Func<Task<ApiError?>> handle) =>
            allowed ? handle() : Task.FromResult<ApiError?>(ApiError.NoAppToInvoke());
    }

    private static async Task<ApiError?> WithStore(AppSide app, string store, Func<Component, Task<ApiError?>> handle)
    {
        var name = Unescape(store);
        return app.Store(name) is { } component ? await handle(component) : app.NoStore(name);
    }

    private static ApiError? Health(AppSide app, HttpRequest request) =>
        !app.IsReady ? ApiError.NotReady()
        : request.Query.TryGetValue("appid", out var appId) && appId != app.AppId ? ApiError.OtherAppId()
        : null;

    private Task<ApiError?> ShutDown(AppSide app, HttpResponse response)
    {
        // After the answer: whoever ends this process must not end it before the caller knows.
        response.OnCompleted(() =>
        {
            shutdown(app.AppId);
            return Task.CompletedTask;
        });
        return Task.FromResult(default(ApiError));
    }

    // Every browser names the origin or the site of a page that sends something here, and a page whose name was made to lead here names itself.
    private static bool IsFromBrowser(HttpRequest request) =>
        request.Headers.ContainsKey("Origin")
        || request.Headers.Any(header => header.Key.StartsWith("Sec-Fetch-", StringComparison.OrdinalIgnoreCase))
        || !LocalNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase);

    // Every call needs the token but those that ask whether anybody is there.
    private bool IsTrusted(HttpRequest request, List<string> path) =>
        path is ["v1.0", "healthz"] or ["v1.0", "healthz", "outbound"] || apiToken.IsIn(request.Headers);

    private static string Unescape(string segment) => RequestPath.Unescape(segment);

    private static string TopicOf(string first, List<string> rest) => Unescape(string.Join('/', [first, .. rest]));

    private static async Task WriteTextAsync(HttpResponse response, int status, string text)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync(text);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A {Method} request of {AppId} broke in the sidecar itself")]
    private static partial void LogBroken(ILogger logger, string method, string appId, Exception failure);
}

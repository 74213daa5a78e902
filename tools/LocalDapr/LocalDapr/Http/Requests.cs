using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LocalDapr;

/// <summary>Handles HTTP requests: request → token → route → publish, state or health.</summary>
internal sealed partial class Requests(
    Func<int, AppSide?> appOfPort, PublishRoutes publishRoutes, StateRoutes stateRoutes, ApiToken apiToken, Action<string> shutdown, ILogger logger)
{
    /// <summary>daprd's error for a request body above the limit; it does not return 413.</summary>
    public const string TooLarge = "stream too large";

    private static readonly string[] LocalNames = ["localhost", "127.0.0.1", "[::1]"];

    public async Task HandleAsync(HttpContext context)
    {
        if (appOfPort(context.Connection.LocalPort) is not { } app)
        {
            context.Abort();
            return;
        }

        var path = SegmentsOf(context.Features.Get<IHttpRequestFeature>()!.RawTarget);
        if (!apiToken.IsRequired && IsFromBrowser(context.Request))
        {
            await WriteTextAsync(
                context.Response,
                403,
                "Without an API token, the sidecar rejects browsers and hosts other than localhost, 127.0.0.1 and [::1]. Set DAPR_API_TOKEN for the sidecar and its callers, and send it as dapr-api-token.\n");
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
                await context.Response.WriteErrorAsync(error);
            }
            else if (!context.Response.HasStarted && context.Response.StatusCode == 200)
            {
                context.Response.StatusCode = 204;
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has disconnected.
        }
        catch (Exception failure) when (failure is ObjectDisposedException)
        {
            // The sidecar is shutting down, and has not acknowledged anything.
            context.Abort();
        }
        catch (Exception failure)
        {
            LogInternalError(logger, context.Request.Method, app.AppId, failure);
            if (context.Response.HasStarted)
            {
                context.Abort();
            }
            else
            {
                await context.Response.WriteErrorAsync(new ApiError(500, "ERR_INTERNAL", "the sidecar failed"));
            }
        }
    }

    /// <summary>Reads the request body; null when it exceeds the size limit.</summary>
    public static async Task<byte[]?> ReadAsync(AppSide app, HttpRequest request)
    {
        if (request.ContentLength > app.MaxBodyBytes)
        {
            return null;
        }

        using var body = new MemoryStream((int)(request.ContentLength ?? 0));
        var chunk = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(chunk, request.HttpContext.RequestAborted)) > 0; body.Write(chunk, 0, read))
        {
            if (body.Length + read > app.MaxBodyBytes)
            {
                return null;
            }
        }

        return body.ToArray();
    }

    /// <summary>Splits a request target like daprd's router: first into segments, which are then unescaped, with <c>+</c> as a space.</summary>
    public static List<string> SegmentsOf(string rawTarget) =>
        [.. rawTarget.Split('?')[0].Split('/', StringSplitOptions.RemoveEmptyEntries).Select(segment => WebUtility.UrlDecode(segment))];

    private async Task<ApiError?> RouteAsync(AppSide app, List<string> path, HttpContext context)
    {
        var (request, method) = (context.Request, context.Request.Method);
        var (gets, writes) = (HttpMethods.IsGet(method), HttpMethods.IsPost(method) || HttpMethods.IsPut(method));
        switch (path)
        {
            case ["v1.0" or "v1.0-alpha1", "publish", "bulk", var pubSub, _, ..] when writes && (path[0] != "v1.0" || app.Rules.HasBulkPublish):
                return await publishRoutes.PublishBulkAsync(app, pubSub, string.Join('/', path[4..]), request);
            case ["v1.0", "publish", var pubSub, ..] when writes:
                return await publishRoutes.PublishAsync(app, pubSub, string.Join('/', path[3..]), request);
            case ["v1.0" or "v1.0-alpha1", "state", var name, ..] when app.Store(name) is null:
                return app.NoStore(name);
            case ["v1.0-alpha1", "state", var name, "query"] when writes:
                return ApiError.QueryUnsupported(name);
            case ["v1.0", "state", var name] when writes:
                return await stateRoutes.SaveAsync(app, app.Store(name)!, context);
            case ["v1.0", "state", var name, "bulk"] when writes:
                return await stateRoutes.GetBulkAsync(app, app.Store(name)!, context);
            case ["v1.0", "state", var name, "transaction"] when writes:
                return await stateRoutes.TransactAsync(app, app.Store(name)!, context);
            case ["v1.0", "state", var name, var key] when gets:
                return await stateRoutes.GetAsync(app, app.Store(name)!, key, context);
            case ["v1.0", "state", var name, var key] when HttpMethods.IsDelete(method):
                return await stateRoutes.DeleteAsync(app, app.Store(name)!, key, context);
            case ["v1.0", "healthz"] when gets:
                return Health(app, request);
            case ["v1.0", "healthz", "outbound"] when gets:
                return null;
            case ["v1.0", "metadata"] when gets:
                await context.Response.WriteMetadataAsync(app);
                return null;
            case ["v1.0", "metadata", var key] when HttpMethods.IsPut(method):
                if (await ReadAsync(app, request) is not { } body)
                {
                    return ApiError.Malformed(TooLarge);
                }

                app.Extended[key] = Encoding.UTF8.GetString(body);
                return null;
            case ["v1.0", "shutdown"] when HttpMethods.IsPost(method):
                // Raised after the response, so that the process does not stop before the caller gets it.
                context.Response.OnCompleted(() =>
                {
                    shutdown(app.AppId);
                    return Task.CompletedTask;
                });
                return null;
            default:
                // daprd falls back to service invocation for unknown routes, and for known routes with another method.
                return ApiError.NoAppToInvoke();
        }
    }

    private static ApiError? Health(AppSide app, HttpRequest request) =>
        !app.IsReady ? ApiError.NotReady()
        : request.Query.TryGetValue("appid", out var appId) && appId != app.AppId ? ApiError.OtherAppId()
        : null;

    // Browsers send Origin or Sec-Fetch headers with a page's requests. After DNS rebinding, the Host header is the page's own name.
    private static bool IsFromBrowser(HttpRequest request) =>
        request.Headers.ContainsKey("Origin")
        || request.Headers.Any(header => header.Key.StartsWith("Sec-Fetch-", StringComparison.OrdinalIgnoreCase))
        || !LocalNames.Contains(request.Host.Host, StringComparer.OrdinalIgnoreCase);

    // Only health checks need no token.
    private bool IsTrusted(HttpRequest request, List<string> path) =>
        path is ["v1.0", "healthz"] or ["v1.0", "healthz", "outbound"] || apiToken.IsIn(request.Headers);

    private static async Task WriteTextAsync(HttpResponse response, int status, string text)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        await response.WriteAsync(text);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Internal error in a {Method} request of {AppId}")]
    private static partial void LogInternalError(ILogger logger, string method, string appId, Exception failure);
}

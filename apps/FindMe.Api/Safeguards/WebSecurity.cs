using System.Buffers;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Net.Http.Headers;

namespace FindMe.Api;

/// <summary>What keeps other sites out of the page and its cookie, and whoever asks too much from taking it from others.</summary>
internal static class WebSecurity
{
    // Everything comes from this app itself; photos are also shown from memory (blob:) before they are sent.
    private const string ContentSecurityPolicy =
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static void AddWebSecurity(this IServiceCollection services)
    {
        services.AddRequestRates();
        services.AddServerLimits();

        // Where AllowedHosts names hosts, requests without a Host header are rejected.
        services.Configure<HostFilteringOptions>(filter => filter.AllowEmptyHosts = false);
    }

    public static void UseWebSecurity(this WebApplication app) => app.Use(async (context, next) =>
    {
        // At the last moment: an answer to an exception begins with no headers.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;

            // A page of what a person wrote, or others posted, may do less.
            if (headers.ContentSecurityPolicy.Count == 0)
            {
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
            }

            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Permissions-Policy"] = "camera=(self), microphone=(), geolocation=()";
            return Task.CompletedTask;
        });
        if (IsFromAnotherSite(context.Request))
        {
            await Problems.ForeignOrigin.ExecuteAsync(context);
            return;
        }

        // Before an odd one becomes part of a state key, which not every store takes.
        if (context.Request.RouteValues.TryGetValue("id", out var id) && !IsId(id as string))
        {
            await Problems.NotFound.ExecuteAsync(context);
            return;
        }

        await next(context);
    });

    /// <summary>The page itself, from <c>wwwroot</c>; checked again at each visit, so that a new version shows at once.</summary>
    public static void UseStaticPage(this WebApplication app)
    {
        app.UseDefaultFiles();
        app.UseStaticFiles(new StaticFileOptions
        {
            OnPrepareResponse = context => context.Context.Response.Headers[HeaderNames.CacheControl] = "no-cache",
        });

        // A person who mistypes an address gets a page, a program the problem as JSON.
        app.Use(async (context, next) =>
        {
            await next(context);
            if (context.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false }
                && context.GetEndpoint() is null
                && HttpMethods.IsGet(context.Request.Method)
                && context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html"))
            {
                context.Response.ContentType = "text/html; charset=utf-8";
                await context.Response.SendFileAsync(app.Environment.WebRootFileProvider.GetFileInfo("not-found.html"));
            }
        });
    }

    // Every id that FindMe gives is 128 random bits as 32 hexadecimal digits.
    private static bool IsId(string? id) => id is { Length: 32 } && !id.AsSpan().ContainsAnyExcept(HexDigits);

    // A browser names the origin of every request that could change something, "null" where it hides it, and modern ones say how the page
    // that asks stands to this one. Without either it is no browser's cross-site request.
    private static bool IsFromAnotherSite(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
        {
            return false;
        }

        if (request.Headers["Sec-Fetch-Site"].ToString() is not ("" or "same-origin" or "none"))
        {
            return true;
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length > 0
            && !(Uri.TryCreate(origin, UriKind.Absolute, out var uri) && string.Equals(uri.Authority, request.Host.Value, StringComparison.OrdinalIgnoreCase));
    }
}

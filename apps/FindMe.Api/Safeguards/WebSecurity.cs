using System.Buffers;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Net.Http.Headers;

namespace FindMe.Api;

/// <summary>Protects the page and its cookie from other sites.</summary>
internal static class WebSecurity
{
    // Everything comes from this app; photos are also shown from memory (blob:) before they are uploaded.
    private const string ContentSecurityPolicy =
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public static void AddWebSecurity(this IServiceCollection services)
    {
        services.AddRequestRates();
        services.AddServerLimits();

        // If AllowedHosts names hosts, requests without a Host header are rejected.
        services.Configure<HostFilteringOptions>(filter => filter.AllowEmptyHosts = false);
    }

    public static void UseWebSecurity(this WebApplication app) => app.Use(async (context, next) =>
    {
        // Set when the response starts, because the exception handler clears headers that were set earlier.
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

        // Reject invalid ids before they become part of a state key, which not every store accepts.
        if (context.Request.RouteValues.TryGetValue("id", out var id) && !IsId(id as string))
        {
            await Problems.NotFound.ExecuteAsync(context);
            return;
        }

        await next(context);
    });

    /// <summary>Serves the page from <c>wwwroot</c>. Browsers revalidate it at each visit, so that a new version shows at once.</summary>
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

    // FindMe's ids are 128 random bits as 32 hexadecimal digits.
    private static bool IsId(string? id) => id is { Length: 32 } && !id.AsSpan().ContainsAnyExcept(HexDigits);

    // Browsers send Origin with every request that could change something ("null" if they hide it), and modern ones also Sec-Fetch-Site.
    // A request without either is not a browser's cross-site request.
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

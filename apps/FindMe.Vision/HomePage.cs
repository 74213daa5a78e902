using Scalar.AspNetCore;

namespace FindMe.Vision;

/// <summary>GET /: what this service is. GET /scalar: its API, with requests that can be sent from the page.</summary>
internal static class HomePage
{
    private const string Reference = "/scalar";

    private static readonly string Home = Path.Combine(AppContext.BaseDirectory, "home", "index.html");

    public static void MapHomePage(this WebApplication app) => app.MapGet("/", (HttpContext context) =>
    {
        Protect(context.Response, "default-src 'none'; style-src 'self'; img-src 'self'");
        return TypedResults.PhysicalFile(Home, "text/html; charset=utf-8");
    }).ExcludeFromDescription().DisableRateLimiting();

    /// <summary>Maps the OpenAPI document and the page that shows it. The package holds the page's script: nothing comes from another host.</summary>
    public static void MapApiReference(this WebApplication app)
    {
        app.MapOpenApi();
        app.Use((context, next) =>
        {
            if (context.Request.Path.StartsWithSegments(Reference))
            {
                // At the last moment: the page's nonce is made when it is written. Scalar writes its styles into the page.
                context.Response.OnStarting(() =>
                {
                    var nonce = context.Items[ScalarOptions.NonceHttpContextItemKey];
                    Protect(
                        context.Response,
                        $"default-src 'none'; script-src 'self'{(nonce is null ? "" : $" 'nonce-{nonce}'")}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src blob:");
                    return Task.CompletedTask;
                });
            }

            return next(context);
        });
        app.MapScalarApiReference(Reference, scalar => scalar
            .WithTitle("FindMe Vision: API")
            .WithFavicon("/edge/favicon.svg")
            .WithNonce()
            .DisableAgent()
            .DisableMcp()
            .DisableTelemetry()
            .DisableDefaultFonts()
            .HideClientButton()
            .HideDeveloperTools()).DisableRateLimiting();
    }

    private static void Protect(HttpResponse response, string contentSecurityPolicy)
    {
        var headers = response.Headers;
        headers.ContentSecurityPolicy = $"{contentSecurityPolicy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
    }
}

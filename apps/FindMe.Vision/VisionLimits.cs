using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>Limits the size and number of requests, and translates failures into problems.</summary>
internal static class VisionLimits
{
    public static void AddVisionLimits(this IServiceCollection services)
    {
        services.AddOptions<VisionOptions>().BindConfiguration(VisionOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<VisionOptions>, VisionOptionsValidator>();
        services.AddExceptionHandler<RequestFailures>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<VisionOptions>>((kestrel, vision) =>
            kestrel.Limits.MaxRequestBodySize = vision.Value.MaxBodyBytes);

        // Pictures stay in memory: faces must not be written to temporary files.
        services.AddOptions<FormOptions>().Configure<IOptions<VisionOptions>>((form, vision) =>
        {
            form.MemoryBufferThreshold = vision.Value.MaxBodyBytes;
            form.MultipartBodyLengthLimit = vision.Value.MaxBodyBytes;
            form.ValueLengthLimit = vision.Value.MaxBodyBytes;
        });
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<IOptions<VisionOptions>>((limiter, vision) =>
        {
            var concurrency = new ConcurrencyLimiterOptions { PermitLimit = vision.Value.RequestsAtOnce, QueueLimit = vision.Value.RequestsWaiting };
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, bool>(_ => RateLimitPartition.GetConcurrencyLimiter(true, _ => concurrency));
            limiter.OnRejected = (context, cancellationToken) => new ValueTask(Problems.AnswerAsync(context.HttpContext, RequestException.TooBusy));
        });
    }

    public static void UseVisionLimits(this WebApplication app)
    {
        var maxBodyBytes = app.Services.GetRequiredService<IOptions<VisionOptions>>().Value.MaxBodyBytes;

        // Reject the body before anything reads it, and lift Kestrel's own limit: Kestrel then drains the unread body for a moment after the
        // response, so that a client that is still sending sees the reason. Over its own limit Kestrel closes the connection at once, and the
        // response may be lost with it (RFC 9112, 9.6).
        app.Use((context, next) =>
        {
            if (context.Request.ContentLength > maxBodyBytes)
            {
                context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
                throw RequestException.TooLarge;
            }

            return next(context);
        });
        app.UseRateLimiter();
    }
}

using System.Diagnostics;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>POST /classify: a picture → its classes.</summary>
internal static partial class Classify
{
    // The service whose response this one follows returns three classes.
    private const int DefaultTopK = 3;

    private static readonly QueryNumber TopK = new(
        "topK", 1, "bad-top-k", "Send the number of classes, such as ?topK=5.", "The number of classes to return, most probable first; 3 by default.");

    public static void AddClassification(this IServiceCollection services)
    {
        services.AddSingleton(provider => new ImageClassifiers(provider.GetRequiredService<IOptions<FaceEngineOptions>>().Value));
        services.AddHostedService<ClassifierStart>();
    }

    public static void MapClassify(this IEndpointRouteBuilder routes) => routes.MapPost("/classify", ClassifyAsync)
        .WithSummary("Classify a picture")
        .WithDescription("The picture is sent as JSON {\"image\": base64}, as the file image of a form, or as the body itself.")
        .AcceptsImage()
        .AcceptsNumbers(TopK)
        .ReturnsPictureProblems();

    private static async Task<Ok<ClassifiedImage>> ClassifyAsync(
        HttpContext context, ImageClassifiers classifiers, IOptions<VisionOptions> options, CancellationToken cancellationToken)
    {
        var wanted = TopK.Read(context.Request) ?? DefaultTopK;
        var image = await RequestImages.ReadOneAsync(context, cancellationToken);
        var found = await Task.Run(() => classifiers[options.Value.Classifier].Classify(image, wanted, cancellationToken), cancellationToken);
        using var process = Process.GetCurrentProcess();
        return TypedResults.Ok(new ClassifiedImage(
            found.Results, found.Model, found.Timings, new ProcessMemory(process.WorkingSet64, GC.GetTotalMemory(forceFullCollection: false))));
    }

    /// <summary>Loads the classifier in the background at start. Earlier requests wait for the same load.</summary>
    private sealed partial class ClassifierStart(ImageClassifiers classifiers, IOptions<VisionOptions> options, ILogger<ClassifierStart> logger) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = Task.Run(Load, CancellationToken.None);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        private void Load()
        {
            try
            {
                _ = classifiers[options.Value.Classifier];
            }
            catch (Exception exception) when (exception is ModelException or IOException or UnauthorizedAccessException)
            {
                // The face endpoints work without it.
                LogWithout(logger, options.Value.Classifier, exception.Message);
            }
            catch (ObjectDisposedException)
            {
                // The app is already stopping.
            }
        }

        [LoggerMessage(Level = LogLevel.Warning, Message = "Failed to load the classifier {Classifier}; POST /classify answers 503 until it can be loaded: {Reason}")]
        private static partial void LogWithout(ILogger logger, string classifier, string reason);
    }
}

/// <summary>The classes of a picture.</summary>
/// <param name="Results">The most probable classes, most probable first.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Timings">The duration of each step in milliseconds.</param>
/// <param name="Memory">The memory of the process.</param>
internal sealed record ClassifiedImage(IReadOnlyList<ClassProbability> Results, string Model, ClassificationTimings Timings, ProcessMemory Memory);

/// <summary>Memory, in bytes.</summary>
/// <param name="Rss">The resident set size of the process.</param>
/// <param name="Managed">The size of .NET's managed objects, a part of it.</param>
internal sealed record ProcessMemory(long Rss, long Managed);

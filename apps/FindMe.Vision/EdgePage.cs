using System.Collections.Concurrent;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace FindMe.Vision;

/// <summary>GET /edge: a page that names people in the browser itself, so that a photo never leaves the device.</summary>
/// <remarks>
/// The page computes what the engine computes, with the engine's own models and constants (<c>/edge/recipe.json</c>), and the people whose
/// exported model lies in the service's folder of people. It gets nothing else, and sends nothing.
/// </remarks>
internal static class EdgePage
{
    // Nothing but this service's own files; WebAssembly is compiled, which is called an eval, but no text becomes a script.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private const string Onnx = "application/octet-stream";

    // Of ONNX Runtime for browsers, which lies beside the models; the page wants to know how much it is about to fetch.
    private const string Runtime = "ort-wasm-simd-threaded.wasm";

    private static readonly PhysicalFileProvider Files = new(Path.Combine(AppContext.BaseDirectory, "edge"));

    // Knows .mjs and .wasm, which browsers insist on.
    private static readonly FileExtensionContentTypeProvider Types = new();

    public static void AddEdgePage(this IServiceCollection services)
    {
        services.AddSingleton<EdgePeople>();

        // The runtime is by far the largest file, and a quarter of its size compressed. No other answer is: some hold what was sent.
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = ["application/wasm"];
        });
    }

    public static void MapEdgePage(this WebApplication app)
    {
        app.UseResponseCompression();

        // Files cost next to nothing, and a slow download may take minutes: neither waits for a place among the requests, nor takes one.
        var edge = app.MapGroup("/edge").ExcludeFromDescription().DisableRateLimiting().AddEndpointFilter((context, next) =>
        {
            // At the last moment: an answer to an exception begins with no headers.
            var response = context.HttpContext.Response;
            response.OnStarting(() =>
            {
                var headers = response.Headers;
                headers.ContentSecurityPolicy = ContentSecurityPolicy;
                headers.XContentTypeOptions = "nosniff";
                headers.CacheControl = "no-cache";
                headers["Referrer-Policy"] = "no-referrer";
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
                return Task.CompletedTask;
            });
            return next(context);
        });
        edge.MapGet("/", () => Send("index.html"));
        edge.MapGet("/{**file}", (string file) => Send(file));
        edge.MapGet("/ort/{file}", (string file, Lazy<FaceEngine> engine) => SendRuntime(file, engine));
        edge.MapGet("/recipe.json", Describe);
        edge.MapGet("/models/detector.onnx", (Lazy<FaceEngine> engine) => Send(new FileInfo(EdgeRecipe.ModelFiles(engine.Value).Detector), Onnx));
        edge.MapGet("/models/landmarks.onnx", (Lazy<FaceEngine> engine) => Send(new FileInfo(EdgeRecipe.ModelFiles(engine.Value).Landmarks), Onnx));
        edge.MapGet("/people/{model}.onnx", (string model, EdgePeople people) => people.Find(model) is { } file ? (IResult)Send(file, Onnx) : NotFound());
    }

    private static Ok<EdgeDescription> Describe(Lazy<FaceEngine> engine, EdgePeople people)
    {
        var recipe = EdgeRecipe.Of(engine.Value) ?? throw new RequestException(
            404, "no-edge", "Faces are found as face-api.js does here, which this page cannot do.", "Set Faces:Recipe to default or dlib.");
        var (detector, landmarks) = EdgeRecipe.ModelFiles(engine.Value);
        var runtime = new FileInfo(Path.Combine(EdgeRecipe.RuntimeFolder(engine.Value), Runtime));
        if (!runtime.Exists)
        {
            throw new RequestException(404, "no-edge", "ONNX Runtime for browsers is not beside the models.", "Run tools/FindMe.ModelBuilder, or copy its folder onnxruntime-web to them.");
        }

        return TypedResults.Ok(new EdgeDescription(
            recipe,
            EdgeFile.Of($"/edge/ort/{Runtime}", runtime),
            EdgeFile.Of("/edge/models/detector.onnx", new FileInfo(detector)),
            EdgeFile.Of("/edge/models/landmarks.onnx", new FileInfo(landmarks)),
            people.All()));
    }

    private static IResult Send(string file)
    {
        // The provider knows no file outside of its folder.
        var found = Files.GetFileInfo(file);
        return found is { Exists: true, PhysicalPath: { } path } && Types.TryGetContentType(path, out var type) ? (IResult)Send(new FileInfo(path), type) : NotFound();
    }

    private static IResult SendRuntime(string file, Lazy<FaceEngine> engine)
    {
        // A segment of a route may still hold what climbs out of a folder.
        var found = new FileInfo(Path.Combine(EdgeRecipe.RuntimeFolder(engine.Value), Path.GetFileName(file)));
        return found.Exists && Types.TryGetContentType(found.Name, out var type) ? (IResult)Send(found, type) : NotFound();
    }

    private static PhysicalFileHttpResult Send(FileInfo file, string type)
    {
        var written = new DateTimeOffset(file.LastWriteTimeUtc);
        return TypedResults.PhysicalFile(file.FullName, type, lastModified: written, entityTag: new EntityTagHeaderValue($"\"{file.Length:x}-{written.UtcTicks:x}\""));
    }

    private static ProblemHttpResult NotFound() => Problems.Of(404, "not-found", "There is nothing here.", "The page is /edge.");
}

/// <summary>
/// The people that may be named in a browser: each file <c>NAME.onnx</c> of <c>findme people train --edge</c> in the service's folder of
/// people. Who opens the page gets the file, so the operator puts it there on purpose; a <c>NAME.findme</c> is never given away.
/// </summary>
internal sealed partial class EdgePeople(IOptions<VisionOptions> options, Lazy<FaceEngine> engine, ILogger<EdgePeople> logger)
{
    private const string Ending = ".onnx";

    // Far more than --edge writes; dlib's network with --onnx has 23 MB.
    private const long MaxBytes = 50_000_000;

    private readonly ConcurrentDictionary<string, (DateTime Written, EdgePeopleModel Model)> _known = new(StringComparer.Ordinal);

    /// <summary>All of them by name, those that cannot be used with the reason; a file is read again when it has changed.</summary>
    public IReadOnlyList<EdgePeopleModel> All()
    {
        var folder = new DirectoryInfo(options.Value.PeoplePath.Length > 0 ? options.Value.PeoplePath : AppContext.BaseDirectory);
        return options.Value.PeoplePath.Length > 0 && folder.Exists
            ? [.. folder.GetFiles($"*{Ending}").Where(file => PeopleModels.IsName(NameOf(file))).OrderBy(file => file.Name, StringComparer.Ordinal).Select(Read)]
            : [];
    }

    /// <summary>The file of a name; null where there is none that can be used.</summary>
    public FileInfo? Find(string name) =>
        All().Any(model => model.Name == name && model.Problem is null) ? new FileInfo(Path.Combine(options.Value.PeoplePath, $"{name}{Ending}")) : null;

    private static string NameOf(FileInfo file) => Path.GetFileNameWithoutExtension(file.Name);

    private EdgePeopleModel Read(FileInfo file)
    {
        var name = NameOf(file);
        if (_known.TryGetValue(name, out var known) && known.Written == file.LastWriteTimeUtc)
        {
            return known.Model;
        }

        EdgePeopleModel model;
        try
        {
            if (file.Length > MaxBytes)
            {
                throw new PeopleException($"It is larger than {MaxBytes / 1e6:0} MB.");
            }

            var (people, recipe) = PeopleExport.ReadMetadata(File.ReadAllBytes(file.FullName));
            if (recipe != engine.Value.Recipe)
            {
                throw new PeopleException($"It was trained with {recipe}, the engine is {engine.Value.Recipe}.");
            }

            model = new EdgePeopleModel(name, people, EdgeFile.Of($"/edge/people/{name}{Ending}", file));
        }
        catch (PeopleException exception)
        {
            LogNotOffered(logger, file.Name, exception.Message);
            model = new EdgePeopleModel(name, [], null, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It says nothing of the file, and may be over when the page is opened next.
            LogNotOffered(logger, file.Name, exception.Message);
            return new EdgePeopleModel(name, [], null, "It cannot be read at the moment.");
        }

        _known[name] = (file.LastWriteTimeUtc, model);
        return model;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} is not offered by /edge: {Reason}")]
    private static partial void LogNotOffered(ILogger logger, string file, string reason);
}

/// <summary>What the page must know, and what it fetches.</summary>
/// <param name="Recipe">The engine's constants.</param>
/// <param name="Runtime">ONNX Runtime.</param>
/// <param name="Detector">The model that finds faces.</param>
/// <param name="Landmarks">The model that finds their points.</param>
/// <param name="People">Whom it can name, and whom it cannot.</param>
internal sealed record EdgeDescription(EdgeRecipe Recipe, EdgeFile Runtime, EdgeFile Detector, EdgeFile Landmarks, IReadOnlyList<EdgePeopleModel> People);

/// <summary>People of one exported model.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="People">Their names in the order of its probabilities, strangers last.</param>
/// <param name="File">The model; null with a problem.</param>
/// <param name="Problem">Why they cannot be named; null where they can.</param>
internal sealed record EdgePeopleModel(string Name, IReadOnlyList<string> People, EdgeFile? File, string? Problem = null);

/// <summary>A file to fetch.</summary>
/// <param name="Address">Where, on this host.</param>
/// <param name="Bytes">How much it is.</param>
internal sealed record EdgeFile(string Address, long Bytes)
{
    public static EdgeFile Of(string address, FileInfo file) => new(address, file.Length);
}

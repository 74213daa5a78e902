// A verb and its data → the engine on all cores → the results, as a JSON object in the last line.
using System.CommandLine;
using System.Text.Json.Nodes;
using FindMe.Evaluation;
using FindMe.Faces;

var json = new Option<FileInfo?>("--json") { Description = "Output file for the summary and all single results.", Recursive = true };
var recipe = new Option<string>("--recipe")
{
    Description = "The recipe of detection and recognition, from models/recipes: default, dlib or face-api.",
    DefaultValueFactory = _ => FaceEngineOptions.DefaultRecipe,
    Recursive = true,
};
var models = new Option<string>("--models") { Description = "Folder of the models. Default: artifacts/models of the repository.", DefaultValueFactory = _ => "", Recursive = true };

var pairs = new Argument<string>("PAIRS.csv") { Description = "Columns file_a,file_b,same,set,note." };
var labels = new Argument<string>("DETECT.csv") { Description = "Columns file,n_faces,boxes_xywh_or_points." };
var album = new Argument<string>("DIR") { Description = "Holds photos/, reference/PERSON/ and TRUTH_PERSON.csv." };
var photos = new Argument<string>("DIR") { Description = "Photos, also in subfolders." };
var hostile = new Argument<string>("DIR") { Description = "Files, and EXPECT.csv with columns file,expect." };
var reference = new Option<FileInfo?>("--reference") { Description = "A photo of the person to compare every photo with." };
var manifest = new Argument<string>("MANIFEST.csv") { Description = "Columns file,label, and group for separate results by group." };
var peerFolder = new Option<string>("--peer") { Description = "Folder of the installed peer.", DefaultValueFactory = _ => Path.Combine("bench", "peer") };
var rounds = new Option<int>("--rounds") { Description = "Measurements per photo.", DefaultValueFactory = _ => 3 };
var count = new Option<int>("--photos") { Description = "Maximum number of photos; for endurance the total number, for which the folder's photos repeat.", DefaultValueFactory = _ => 10_000 };
var photo = new Argument<FileInfo>("PHOTO") { Description = "A photo with a face." };
var program = new Option<FileInfo?>("--program") { Description = "A published FindMe.Cold. Default: this build's." };
var first = new Argument<FileInfo>("FINDME") { Description = "A build of findme." };
var second = new Argument<FileInfo>("OTHER") { Description = "Another build of findme." };
var vectors = new Argument<FileInfo>("VECTORS.csv") { Description = "The output of findme train." };
var builds = new Argument<FileInfo[]>("FINDME") { Description = "Builds of findme.", Arity = ArgumentArity.OneOrMore };
var lines = new Option<FileInfo?>("--lines") { Description = "Output file for the dump." };
var firstDump = new Argument<FileInfo>("FIRST") { Description = "Output of dump --lines on one machine." };
var secondDump = new Argument<FileInfo>("SECOND") { Description = "Output of dump --lines on another machine." };
var people = new Option<FileInfo[]>("--people") { Description = "Files with the names of people who look alike: an album of each.", DefaultValueFactory = _ => [], AllowMultipleArgumentsPerToken = true };
var sizes = new Option<int[]>("--sizes") { Description = "Numbers of pictures: albums of people chosen by chance.", DefaultValueFactory = _ => [60, 150, 400], AllowMultipleArgumentsPerToken = true };
var charts = new Option<DirectoryInfo?>("--charts") { Description = "Output folder for the charts." };

var command = new RootCommand("Measures the accuracy and speed of FindMe's engine.")
{
    Verb("pairs", "Compares pairs of pictures: same person or different people.", [pairs], (engine, parsed, end) => Pairs.Evaluate(engine, parsed.GetRequiredValue(pairs), end)),
    Verb("vectors", "Compares pairs by face vectors: with a threshold, and by neighbours in the MANIFEST.csv beside it.", [pairs], (engine, parsed, end) => FaceVectorPairs.Evaluate(engine, parsed.GetRequiredValue(pairs), end)),
    Verb("detect", "Detects labelled faces.", [labels], (engine, parsed, end) => Detect.Evaluate(engine, parsed.GetRequiredValue(labels), end)),
    Verb("event", "Finds people in an event's album.", [album], (engine, parsed, end) => Events.Evaluate(engine, parsed.GetRequiredValue(album), end)),
    Verb("speed", "Measures the time per photo.", [photos, reference], (engine, parsed, end) => Speed.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetValue(reference), end)),
    Verb("endurance", "Analyses many photos and records the memory.", [photos, count], (engine, parsed, end) => Endurance.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetRequiredValue(count), end)),
    Verb("hostile", "Decodes or rejects hostile files.", [hostile], (engine, parsed, end) => Hostile.Evaluate(engine, parsed.GetRequiredValue(hostile), end)),
    Verb("dump", "Writes all numbers that the engine computes, and their SHA-256.", [photos, lines], (engine, parsed, end) => Dump.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetValue(lines), end)),
    Verb("calibrate", "Sweeps thresholds and fits the confidence.", [manifest, charts], (engine, parsed, end) => Calibrate.Evaluate(engine, parsed.GetRequiredValue(manifest), parsed.GetValue(charts), end)),
    Verb(
        "albums",
        "Searches people in composed albums, with and without the margin of albums whose people look alike.",
        [manifest, people, sizes],
        (engine, parsed, end) => Albums.Evaluate(engine, parsed.GetRequiredValue(manifest), parsed.GetRequiredValue(people), parsed.GetRequiredValue(sizes), end)),
    Verb("quality", "Evaluates degraded selfies.", [manifest], (engine, parsed, end) => Quality.Evaluate(engine, parsed.GetRequiredValue(manifest), end)),
    Verb("peer", "Measures FindMe and face-api.js alternately.", [photos, peerFolder, rounds], ComparePeer),
    Bare(
        "machines",
        "Compares two dumps of the same photos from different machines.",
        [firstDump, secondDump],
        (parsed, end) => Machines.Evaluate(
            parsed.GetRequiredValue(firstDump),
            parsed.GetRequiredValue(secondDump),
            RecognitionRecipe.Load(Path.Combine(ModelFolder.Find(parsed.GetRequiredValue(models)), $"{parsed.GetRequiredValue(recipe)}.json")).MatchDistance,
            end)),
    Bare(
        "cold",
        "Measures FindMe and face-api.js alternately, from process start to the first verdict.",
        [photo, peerFolder, rounds, program],
        (parsed, end) => Cold.Evaluate(
            parsed.GetRequiredValue(photo),
            parsed.GetValue(program),
            parsed.GetRequiredValue(models),
            parsed.GetRequiredValue(peerFolder),
            parsed.GetRequiredValue(rounds),
            end)),
    Bare(
        "starts",
        "Measures builds of findme from process start to exit, alternating with face-api.js.",
        [photo, vectors, builds, peerFolder, rounds],
        (parsed, end) => Starts.Evaluate(
            parsed.GetRequiredValue(photo),
            parsed.GetRequiredValue(vectors),
            parsed.GetRequiredValue(builds),
            parsed.GetRequiredValue(models),
            parsed.GetRequiredValue(recipe),
            parsed.GetRequiredValue(peerFolder),
            parsed.GetRequiredValue(rounds),
            end)),
    Bare(
        "same",
        "Compares every number that two builds of findme print about a folder's photos.",
        [first, second, photos, count],
        (parsed, end) => Same.Evaluate(
            parsed.GetRequiredValue(first),
            parsed.GetRequiredValue(second),
            parsed.GetRequiredValue(photos),
            parsed.GetRequiredValue(models),
            parsed.GetRequiredValue(count),
            end)),
    json,
    recipe,
    models,
};
return await command.Parse(args).InvokeAsync();

(JsonObject Summary, JsonObject Details) ComparePeer(FaceEngine engine, ParseResult parsed, CancellationToken end)
{
    using var sameRecipe = FaceEngine.Load(new FaceEngineOptions { ModelsPath = parsed.GetRequiredValue(models), Recipe = Peer.SameRecipe });
    using var inBytes = FaceEngine.Load(new FaceEngineOptions { ModelsPath = parsed.GetRequiredValue(models), Recipe = Peer.SameRecipeInBytes });
    return Peer.Evaluate(
        engine, sameRecipe, inBytes, parsed.GetRequiredValue(photos), parsed.GetRequiredValue(peerFolder), parsed.GetRequiredValue(rounds), end);
}

Command Verb(
    string name, string description, Symbol[] arguments, Func<FaceEngine, ParseResult, CancellationToken, (JsonObject Summary, JsonObject Details)> evaluate) =>
    Bare(name, description, arguments, (parsed, end) =>
    {
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = parsed.GetRequiredValue(models), Recipe = parsed.GetRequiredValue(recipe) });
        return evaluate(engine, parsed, end);
    });

// Verbs that create their own engines.
Command Bare(
    string name, string description, Symbol[] arguments, Func<ParseResult, CancellationToken, (JsonObject Summary, JsonObject Details)> evaluate)
{
    var verb = new Command(name, description);
    foreach (var argument in arguments)
    {
        if (argument is Argument value)
        {
            verb.Add(value);
        }
        else
        {
            verb.Add((Option)argument);
        }
    }

    verb.SetAction((parsed, cancellationToken) => Task.Run(() => Run(parsed, evaluate, cancellationToken), cancellationToken));
    return verb;
}

int Run(
    ParseResult parsed, Func<ParseResult, CancellationToken, (JsonObject Summary, JsonObject Details)> evaluate, CancellationToken cancellationToken)
{
    try
    {
        var (summary, details) = evaluate(parsed, cancellationToken);
        Report.Write(summary, details, parsed.GetValue(json));
        return 0;
    }
    catch (Exception exception) when (exception is EvaluationException or ModelException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine(exception.Message);
        return 1;
    }
}

// A verb and its data → the engine, on all cores → what it gets right and wrong, as one JSON object in the last line.
using System.CommandLine;
using System.Text.Json.Nodes;
using FindMe.Evaluation;
using FindMe.Faces;

var json = new Option<FileInfo?>("--json") { Description = "A file for the summary and every single result.", Recursive = true };
var recipe = new Option<string>("--recipe")
{
    Description = "How faces are found and told apart: a description in models/recipes, such as default, dlib or face-api.",
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
var manifest = new Argument<string>("MANIFEST.csv") { Description = "Columns file,label, and group if people are to be counted apart." };
var peerFolder = new Option<string>("--peer") { Description = "Folder of the installed peer.", DefaultValueFactory = _ => Path.Combine("bench", "peer") };
var rounds = new Option<int>("--rounds") { Description = "How often each photo is measured.", DefaultValueFactory = _ => 3 };
var count = new Option<int>("--photos") { Description = "How many photos are analysed in all, those of the folder in turns.", DefaultValueFactory = _ => 10_000 };
var photo = new Argument<FileInfo>("PHOTO") { Description = "A photo that shows a face." };
var program = new Option<FileInfo?>("--program") { Description = "FindMe.Cold as it was published. Default: the one of this build." };
var lines = new Option<FileInfo?>("--lines") { Description = "A file for the dump itself." };
var charts = new Option<DirectoryInfo?>("--charts") { Description = "A folder for the charts." };

var command = new RootCommand("Measures how well and how fast FindMe's engine finds faces and tells them apart.")
{
    Verb("pairs", "Tells pairs of one person from pairs of two.", [pairs], (engine, parsed, end) => Pairs.Evaluate(engine, parsed.GetRequiredValue(pairs), end)),
    Verb("vectors", "Tells the same pairs by a picture's vectors: by threshold, and by neighbours in the MANIFEST.csv beside it.", [pairs], (engine, parsed, end) => FaceVectorPairs.Evaluate(engine, parsed.GetRequiredValue(pairs), end)),
    Verb("detect", "Finds labelled faces.", [labels], (engine, parsed, end) => Detect.Evaluate(engine, parsed.GetRequiredValue(labels), end)),
    Verb("event", "Finds people in an event's album.", [album], (engine, parsed, end) => Events.Evaluate(engine, parsed.GetRequiredValue(album), end)),
    Verb("speed", "Measures the time of photos.", [photos, reference], (engine, parsed, end) => Speed.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetValue(reference), end)),
    Verb("endurance", "Analyses many photos, and watches the memory.", [photos, count], (engine, parsed, end) => Endurance.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetRequiredValue(count), end)),
    Verb("hostile", "Decodes or refuses hostile files.", [hostile], (engine, parsed, end) => Hostile.Evaluate(engine, parsed.GetRequiredValue(hostile), end)),
    Verb("dump", "Writes every number the engine computes, and their SHA-256.", [photos, lines], (engine, parsed, end) => Dump.Evaluate(engine, parsed.GetRequiredValue(photos), parsed.GetValue(lines), end)),
    Verb("calibrate", "Sweeps thresholds and fits the confidence.", [manifest, charts], (engine, parsed, end) => Calibrate.Evaluate(engine, parsed.GetRequiredValue(manifest), parsed.GetValue(charts), end)),
    Verb("quality", "Reads references that were made worse.", [manifest], (engine, parsed, end) => Quality.Evaluate(engine, parsed.GetRequiredValue(manifest), end)),
    Verb("peer", "Measures FindMe and face-api.js in turns.", [photos, peerFolder, rounds], ComparePeer),
    Bare(
        "cold",
        "Measures FindMe and face-api.js from a process' start to its first verdict, in turns.",
        [photo, peerFolder, rounds, program],
        (parsed, end) => Cold.Evaluate(
            parsed.GetRequiredValue(photo),
            parsed.GetValue(program),
            parsed.GetRequiredValue(models),
            parsed.GetRequiredValue(peerFolder),
            parsed.GetRequiredValue(rounds),
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

// A verb that starts engines of its own.
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

// Computes the first verdict of one photo; started repeatedly by the verb `cold` of FindMe.Evaluation.
// FindMe.Cold STARTED PHOTO RECIPE MODELS, where STARTED is Stopwatch's timestamp before the process was created.
using System.Diagnostics;
using System.Globalization;
using FindMe.Faces;

var started = long.Parse(args[0], CultureInfo.InvariantCulture);
var main = Elapsed();
var photo = File.ReadAllBytes(args[1]);
using var engine = FaceEngine.Load(new FaceEngineOptions { Recipe = args[2], ModelsPath = args[3] });
var loaded = Elapsed();
var analyzed = engine.Analyze(photo);
var references = analyzed.Faces.Select(face => face.Embedding).Take(1).ToList();
var verdict = engine.Compare(analyzed, references);
var decided = Elapsed();
Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{main:0.0} {loaded:0.0} {decided:0.0} {verdict.Kind}"));

double Elapsed() => Stopwatch.GetElapsedTime(started).TotalMilliseconds;

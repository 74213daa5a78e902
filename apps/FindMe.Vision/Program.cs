// A picture → faces as vectors, or whether they are a person's; names; what it shows. No state, no sidecar: every request stands for itself.
using FindMe.Hosting;
using FindMe.Vision;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.Services.AddVisionLimits();
builder.Services.AddFaceEngine();
builder.Services.AddClassification();
builder.Services.AddPeople();
builder.Services.AddEdgePage();
builder.Services.AddApiDescription();

var app = builder.Build();

app.MapAppDefaults();
app.UseVisionLimits();
app.MapHomePage();
app.MapClassify();
app.MapNamePeople();
app.MapEdgePage();
app.MapApiReference();
app.MapFaceVectors();
app.MapAwsLambdaFace();

app.Run();

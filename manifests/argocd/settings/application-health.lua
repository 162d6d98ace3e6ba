-- Health of an Application, which Argo CD leaves out by default: with it the operator's Application is Healthy before
-- the wave of the games begins.
local health = {status = "Progressing", message = "waiting for its first comparison"}
if obj.status ~= nil and obj.status.health ~= nil and obj.status.health.status ~= nil then
  health.status = obj.status.health.status
  health.message = obj.status.health.message or ""
end
return health
